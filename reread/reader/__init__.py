"""The Fusion-in-Decoder reader: segments in; answer, evidence and attention scores out."""
