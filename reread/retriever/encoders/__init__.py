"""What turns word pieces into states: transformers, and small nets of the project's own."""
