"""Build an untrained BART-shaped reader out of a BERT-shaped sentence encoder.

Knows how the two families name their weights; knows nothing about training or data. The encoder is
taken over exactly; the decoder starts from every second encoder layer, and its cross-attention from
scaled identities, so that copying begins as "attend to where the previous token stands".
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers import (
    AutoModel,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    PreTrainedTokenizerBase,
)

QUERY_GAIN = 1.5  # q = k = 1.5 I: sharp enough to find equal states, soft enough to learn from
ATTENTION_PARTS = (("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj"))


def build_starter_model(
    encoder_name: str, *, decoder_layers: int = 3, dropout: float = 0.1
) -> tuple[BartForConditionalGeneration, PreTrainedTokenizerBase]:
    """A `BartForConditionalGeneration` whose encoder output equals the sentence encoder's."""
    bert = AutoModel.from_pretrained(encoder_name)
    tokenizer = plain_tokenizer(encoder_name)
    model = BartForConditionalGeneration(starter_config(bert.config, tokenizer, decoder_layers))
    model.config.dropout = dropout
    with torch.no_grad():
        copy_embeddings(bert, model.model.encoder)
        copy_embeddings(bert, model.model.decoder)
        for source, target in zip(bert.encoder.layer, model.model.encoder.layers, strict=True):
            copy_layer(source, target)
        step = len(bert.encoder.layer) // decoder_layers
        for i, target in enumerate(model.model.decoder.layers):
            copy_layer(
                bert.encoder.layer[min(i * step + step - 1, len(bert.encoder.layer) - 1)], target
            )
            set_identity_cross_attention(target)
    model.tie_weights()
    return model, tokenizer


def plain_tokenizer(encoder_name: str) -> PreTrainedTokenizerBase:
    """The encoder's tokenizer without the cutting and padding its package has set as defaults."""
    tokenizer = AutoTokenizer.from_pretrained(
        encoder_name, model_input_names=["input_ids", "attention_mask"]
    )
    for name in ("max_length", "stride", "truncation_strategy", "pad_to_multiple_of"):
        tokenizer.init_kwargs.pop(name, None)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def starter_config(
    bert: Any, tokenizer: PreTrainedTokenizerBase, decoder_layers: int
) -> BartConfig:
    """The BART shape that fits a BERT encoder's weights."""
    return BartConfig(
        vocab_size=bert.vocab_size,
        d_model=bert.hidden_size,
        encoder_layers=bert.num_hidden_layers,
        decoder_layers=decoder_layers,
        encoder_attention_heads=bert.num_attention_heads,
        decoder_attention_heads=bert.num_attention_heads,
        encoder_ffn_dim=bert.intermediate_size,
        decoder_ffn_dim=bert.intermediate_size,
        max_position_embeddings=bert.max_position_embeddings,
        activation_function="gelu",
        scale_embedding=False,
        attention_dropout=0.0,
        activation_dropout=0.0,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        decoder_start_token_id=tokenizer.cls_token_id,
        forced_eos_token_id=None,
        tie_word_embeddings=True,
    )


def copy_embeddings(bert: Any, stack: Any) -> None:
    """Word embeddings, positions (BART keeps two spare rows) with token type 0 folded in, norm."""
    embeddings = bert.embeddings
    stack.embed_tokens.weight.copy_(embeddings.word_embeddings.weight)
    positions = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    stack.embed_positions.weight[2:].copy_(positions)
    stack.embed_positions.weight[:2].zero_()
    stack.layernorm_embedding.load_state_dict(embeddings.LayerNorm.state_dict())


def copy_layer(source: Any, target: Any) -> None:
    """Self-attention, feed-forward and both norms of one post-norm layer."""
    for theirs, ours in ATTENTION_PARTS:
        state = getattr(source.attention.self, theirs).state_dict()
        getattr(target.self_attn, ours).load_state_dict(state)
    pairs = (
        (source.attention.output.dense, target.self_attn.out_proj),
        (source.attention.output.LayerNorm, target.self_attn_layer_norm),
        (source.intermediate.dense, target.fc1),
        (source.output.dense, target.fc2),
        (source.output.LayerNorm, target.final_layer_norm),
    )
    for theirs_module, ours_module in pairs:
        ours_module.load_state_dict(theirs_module.state_dict())


def set_identity_cross_attention(layer: nn.Module) -> None:
    """q = k = gain x identity, v = out = identity, no biases."""
    attention = layer.encoder_attn
    for name, gain in (
        ("q_proj", QUERY_GAIN),
        ("k_proj", QUERY_GAIN),
        ("v_proj", 1.0),
        ("out_proj", 1.0),
    ):
        linear = getattr(attention, name)
        linear.weight.copy_(gain * torch.eye(linear.weight.shape[0]))
        linear.bias.zero_()
