"""A generation as it is now: what was added and removed since its corpus was written."""
