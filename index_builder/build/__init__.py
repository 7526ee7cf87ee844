"""A corpus and a retriever -> a verified, published generation."""
