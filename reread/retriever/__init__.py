"""The retriever: texts in, vectors out, one for each text or one for each token."""
