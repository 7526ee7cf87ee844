"""A page of a PDF: characters with places -> lines in reading order, and tables."""
