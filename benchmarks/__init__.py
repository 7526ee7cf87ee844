"""Measurements of the whole beside the paper and beside peers; each module is a command."""
