"""Finding passages: by words, by vectors, token by token."""
