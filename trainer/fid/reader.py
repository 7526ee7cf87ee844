"""Published Fusion-in-Decoder reader weights -> a folder that stock T5 loads.

Knows how the published code wraps T5's encoder and what transformers 3 kept that current versions
do not; knows neither the reader's strings nor its scores.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from tokenizers import Tokenizer, processors
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from reread.commit import committed_dir
from reread.errors import BadRequest, UnknownModel
from trainer.fid.weights import (
    Conversion,
    Dropped,
    Tensors,
    build_config,
    load_tokenizer,
    read_config,
    read_weights,
    take_all,
)

EMBEDDING = "shared.weight"
COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
CROSS_BIAS = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
WRAPPED_BLOCK = re.compile(r"^encoder\.block\.(\d+)\.module\.")
FID_TOKENIZER = "t5-base"  # what the published code loads for readers of every size
FID_ANSWER_TOKENS = 50  # its max_length for generation
IGNORED_CONFIG = ("task_specific_params", "architectures", "n_positions", "transformers_version")


def convert_reader(
    source: Path, output: Path, *, tokenizer: str | None = None, input_eos: bool = False
) -> Conversion:
    """Write `output` (which must not exist) from a checkpoint folder.

    The result holds model.safetensors, config.json, generation_config.json (greedy, 50 tokens) and
    a tokenizer. `tokenizer` is a folder or a hub name; by default the one in `source`, else
    t5-base. Published readers were trained by transformers 3.0.2, whose T5 tokenizer puts no
    `</s>` behind a segment, so the written one does not either unless `input_eos` asks for it.
    Raises UnknownModel for weights or a tokenizer that do not fit.
    """
    config = reader_config(source)
    file, found = read_weights(source)
    tensors, dropped = stock_names(file, found)
    with torch.device("meta"):
        model = T5ForConditionalGeneration(config)
    wanted = {k: v.shape for k, v in model.state_dict().items() if k not in COPIES}
    take_all(file, tensors, wanted)
    model.load_state_dict(tensors, strict=False, assign=True)
    model.tie_weights()
    loaded = load_tokenizer(source, tokenizer, FID_TOKENIZER, config.vocab_size)
    words = plain_tokenizer(loaded, input_eos=input_eos)
    model.generation_config = _generation(config)
    with committed_dir(output) as scratch:
        model.save_pretrained(scratch)
        words.save_pretrained(scratch)
    return Conversion(
        output, len(tensors), sum(t.numel() for t in tensors.values()), tuple(dropped)
    )


def reader_config(source: Path) -> T5Config:
    """config.json as current transformers reads it; UnknownModel if it is no T5's."""
    body = read_config(source)
    if body.get("model_type") != "t5":
        raise UnknownModel(
            f"{source / 'config.json'} describes a {body.get('model_type')!r} model; readers of "
            f"Fusion-in-Decoder are 't5'."
        )
    if body.get("tie_word_embeddings") is False:
        raise UnknownModel(
            f"{source / 'config.json'} has tie_word_embeddings false; a stock T5 shares one "
            f"embedding, as the published readers do."
        )
    body.setdefault("decoder_start_token_id", body.get("pad_token_id", 0))
    values = {k: v for k, v in body.items() if k not in IGNORED_CONFIG}
    config: T5Config = build_config(T5Config, values, source)
    return config


def stock_names(file: Path, found: Tensors) -> tuple[Tensors, list[Dropped]]:
    """Tensors under the names stock T5 has, without copies, and what was left out.

    The published code keeps T5's encoder inside a wrapper and each of its blocks inside another:
    `encoder.encoder.block.N.module.x` is `encoder.block.N.x`. Files without the wrappers are taken
    too. Raises UnknownModel when two names become one, or copies of the embedding differ.
    """
    renamed: Tensors = {}
    for name, tensor in found.items():
        stock = stock_name(name)
        if stock in renamed:
            raise UnknownModel(f"{file} holds {stock} twice, wrapped and not; keep one of them.")
        renamed[stock] = tensor
    dropped = _drop_copies(file, renamed)
    bias = renamed.pop(CROSS_BIAS, None)
    if bias is not None:
        dropped.append(Dropped(CROSS_BIAS, _bias_reason(bias)))
    return renamed, dropped


def stock_name(name: str) -> str:
    """
    >>> stock_name("encoder.encoder.block.3.module.layer.0.layer_norm.weight")
    'encoder.block.3.layer.0.layer_norm.weight'
    >>> stock_name("decoder.final_layer_norm.weight")
    'decoder.final_layer_norm.weight'
    """
    if name.startswith("encoder.encoder."):
        name = name.removeprefix("encoder.")
    return WRAPPED_BLOCK.sub(r"encoder.block.\1.", name)


def plain_tokenizer(
    tokenizer: PreTrainedTokenizerBase, *, input_eos: bool
) -> PreTrainedTokenizerBase:
    """The tokenizer without the `</s>` it puts behind every text, or as it is."""
    if input_eos:
        return tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise BadRequest(
            f"{type(tokenizer).__name__} cannot be told to leave out the end token; "
            f"use --input-eos."
        )
    inner = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    inner.post_processor = processors.TemplateProcessing(
        single=["$A"], pair=["$A", "$B"], special_tokens=[]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token=tokenizer.eos_token,
        pad_token=tokenizer.pad_token,
        unk_token=tokenizer.unk_token,
        extra_special_tokens=list(getattr(tokenizer, "extra_special_tokens", None) or []),
        model_input_names=["input_ids", "attention_mask"],
    )


def _drop_copies(file: Path, tensors: Tensors) -> list[Dropped]:
    held = [name for name in (EMBEDDING, *COPIES) if name in tensors]
    if not held:
        return []  # said as a missing tensor
    embedding = tensors[held[0]]
    for name in held[1:]:
        if not torch.equal(tensors[name], embedding):
            raise UnknownModel(
                f"{name} differs from {held[0]} in {file}; a stock T5 has one matrix for both, as "
                f"the published readers do."
            )
    for name in held:
        del tensors[name]
    tensors[EMBEDDING] = embedding
    return [Dropped(name, f"the same matrix as {EMBEDDING}") for name in held if name != EMBEDDING]


def _bias_reason(bias: torch.Tensor) -> str:
    """Why cross-attention's position bias can go, with how much it may be missed.

    Transformers 3 added it to all cross-attention. At output position 0 every key is in bucket 0:
    one number per head, which no softmax sees. At output position i it also tells the first i keys
    apart, at most the first i tokens of the first passage.
    """
    spread = float((bias - bias[:1]).abs().max()) if bias.dim() == 2 and len(bias) else 0.0
    return (
        "current T5 has no position bias in cross-attention; at the first output token, where "
        "passages are scored, it is one constant per head, so relevance and first token are the "
        f"same; later tokens lose up to {spread:.3g} on the first tokens of the first passage"
    )


def _generation(config: T5Config) -> GenerationConfig:
    return GenerationConfig(
        decoder_start_token_id=config.decoder_start_token_id,
        pad_token_id=config.pad_token_id,
        eos_token_id=config.eos_token_id,
        max_length=FID_ANSWER_TOKENS,
        num_beams=1,
        do_sample=False,
    )
