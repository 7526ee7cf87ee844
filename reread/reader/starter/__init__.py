"""The reader that comes with the package: a small language model and what tuning changed in it."""
