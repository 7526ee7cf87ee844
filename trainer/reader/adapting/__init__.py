"""Tunes a pointing reader on a home's own documents and on what people corrected."""
