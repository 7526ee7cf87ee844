"""What a reader says of held-back questions: `python -m benchmarks.reading --help`."""
