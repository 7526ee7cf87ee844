"""What a home holds: documents taken in, built, listed and shown."""
