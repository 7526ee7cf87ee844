"""Training a reader on questions and passages."""
