"""Causal language models as Fusion-in-Decoder readers: passages as blocks, the answer over all."""
