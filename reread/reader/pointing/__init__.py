"""Answers that are pointed at: the head on the states of all passages, and what its places mean."""
