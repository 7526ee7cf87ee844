"""Training language models as Fusion-in-Decoder readers, and the starter reader's recipe."""
