"""Measures answers, retrieval and agreement; trains nothing, and of ours imports reread alone."""
