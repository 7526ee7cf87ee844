"""Documents -> passages -> embeddings -> verified, published generation."""
