"""`reread export`: what a home holds and what people said, in the forms others use."""
