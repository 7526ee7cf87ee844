"""A tiny BART with the small starter's word pieces, and a head that points, both random."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoTokenizer, BartConfig, BartForConditionalGeneration

from reread.reader.loading import SMALL_STARTER, reader_folder
from reread.reader.pointing.pointer import SpanHead


def save_tiny_pointing(folder: Path, *, width: int = 32, seed: int = 0, head: bool = True) -> str:
    """A folder that loads as a reader."""
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(reader_folder(SMALL_STARTER))
    config = BartConfig(
        vocab_size=len(tokenizer), d_model=width, encoder_layers=2, decoder_layers=1,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
        decoder_ffn_dim=48, max_position_embeddings=512, pad_token_id=0, bos_token_id=101,
        eos_token_id=102, decoder_start_token_id=101, forced_eos_token_id=None, dropout=0.0,
        attention_dropout=0.0, init_std=0.2,
    )  # fmt: skip
    model = BartForConditionalGeneration(config)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if head:
        SpanHead(width).save(folder)
    return str(folder)
