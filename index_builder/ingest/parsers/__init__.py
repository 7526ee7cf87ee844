"""One module per family of formats: bytes of a file in, titled blocks or records out."""
