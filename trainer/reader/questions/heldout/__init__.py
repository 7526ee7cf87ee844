"""Evaluation sets from sources and texts that training never sees; trains nothing."""
