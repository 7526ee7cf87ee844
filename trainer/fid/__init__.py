"""Files and weights as Fusion-in-Decoder publishes them, read and written."""
