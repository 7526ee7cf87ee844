"""Iterative distillation offline: retrieve, read, score, train, and again, in a run directory."""
