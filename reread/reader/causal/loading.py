"""Loading a causal reader: checkpoint folder, GGUF file or name -> engine, notes, reader.

Knows files, number formats and which engine fits; knows no prompt. The fast engine is compared with
transformers' own on one probe before it is trusted.
"""

from __future__ import annotations

import logging
import struct
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from reread.compute.devices import pick_device, pick_dtype
from reread.compute.precision import pick_bf16
from reread.errors import UnknownModel
from reread.reader.causal.packed import PackedEngine, fits
from reread.reader.causal.reader import CausalReader, Engine, Limits
from reread.reader.causal.source import CausalSource, causal_source
from reread.reader.causal.stock import StockEngine
from reread.reader.causal.strings import PLAIN, style_of
from reread.reader.confidence import read_notes

logger = logging.getLogger(__name__)

PROBE_TOKENS = 24
LEAST_COSINE = 0.999  # of the two engines' logits, in bfloat16 as in float32


def load_causal(
    name_or_path: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    limits: Limits | None = None,
    engine: str = "auto",
) -> CausalReader:
    """Load a causal model as a reader.

    `dtype` auto is bfloat16 where its products are fast (GPUs, processors with AMX or AVX512-BF16),
    float32 elsewhere. `engine` auto is the packed one where it fits and agrees; `stock` forces
    transformers' own. Raises UnknownModel in one sentence when it cannot be loaded or used.
    """
    limits = limits or Limits()
    place = pick_device(device)
    fast_bf16 = dtype == "auto" and pick_bf16(None, place)
    kind = torch.bfloat16 if fast_bf16 else pick_dtype(dtype, place)
    source = causal_source(name_or_path)
    model, tokenizer = _load(source, kind)
    model = model.to(place).eval()
    check_window(model.config, limits, name_or_path)
    folder = Path(source.place)
    folder_found = folder.resolve() if folder.is_dir() and source.gguf is None else None
    notes = read_notes(folder_found)
    runs: Engine = StockEngine(model)
    about = {
        "family": model.config.model_type,
        "parameters": model.num_parameters(),
        "device": str(model.device),
        "dtype": str(kind).removeprefix("torch."),
    }
    if engine == "auto" and fits(model.config):
        packed = PackedEngine(model, kind)
        runs = packed if agree(packed, runs, model.config.vocab_size) else runs
    style = style_of(tokenizer, notes.tuned)
    if style is PLAIN and not notes.tuned:
        logger.warning(
            "%s has no chat template and was not tuned here, so it is asked by a plain prompt, "
            "which few models follow; take its instruct version, or tune it with `reread "
            "train-reader --base %s`.", name_or_path, name_or_path,
        )  # fmt: skip
    return CausalReader(
        runs,
        tokenizer,
        name=folder.name if folder_found else Path(name_or_path).name,
        about=about,
        ends=end_tokens(model, tokenizer),
        style=style,
        notes=notes,
        limits=limits,
        folder=folder_found,
    )


def agree(one: Engine, other: Engine, vocabulary: int) -> bool:
    """Whether two engines give nearly the same logits on a probe of one block and a question."""
    probe = [1 + (7 * i) % (vocabulary - 1) for i in range(PROBE_TOKENS)]
    with torch.inference_mode():
        left, right = (_probe(engine, probe) for engine in (one, other))
    near = torch.nn.functional.cosine_similarity(left, right, dim=0)
    return bool(near >= LEAST_COSINE)


def check_window(config: Any, limits: Limits, name: str) -> None:
    """UnknownModel where the model cannot see one passage, the question and the answer at once."""
    window = getattr(config, "sliding_window", None)
    if not getattr(config, "use_sliding_window", True):
        window = None
    sees = min(one for one in (window, config.max_position_embeddings) if one)
    needs = limits.block_tokens + 64 + limits.answer_tokens
    if sees < needs:
        raise UnknownModel(
            f"{name} sees {sees} tokens and reading one passage with a question takes {needs}; "
            "use a model with a longer window."
        )
    kinds = set(getattr(config, "layer_types", None) or []) - {
        "full_attention", "sliding_attention",
    }  # fmt: skip
    if kinds:
        raise UnknownModel(
            f"{name} has layers of the kind {', '.join(sorted(kinds))}, which keep no keys "
            "for each token; use a model whose layers are all attention."
        )


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The tokens that end an answer."""
    ends = model.generation_config.eos_token_id
    found = set(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id}
    return frozenset(int(one) for one in found if one is not None)


def _load(
    source: CausalSource, kind: torch.dtype
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    extra: dict[str, Any] = {"gguf_file": source.gguf} if source.gguf else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.place, **extra)
        if source.gguf:
            from transformers import GgufConfig

            extra["quantization_config"] = GgufConfig(dequantize=True)
        model = AutoModelForCausalLM.from_pretrained(source.place, dtype=kind, **extra)
    except ImportError as error:
        raise UnknownModel(
            f"Reading {source.gguf or source.place} needs packages that are not installed "
            f"({str(error).strip().splitlines()[0]}); pip install gguf accelerate."
        ) from error
    except (OSError, ValueError, KeyError, struct.error) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise UnknownModel(
            f"The reader {source.place!r} could not be loaded ({first_line}); set REREAD_READER to "
            "a local folder, or to a Hugging Face name where there is a network."
        ) from error
    return model, tokenizer


def _probe(engine: Engine, ids: list[int]) -> torch.Tensor:
    states = engine.encode(ids[:1], [tuple(ids[1:12]), tuple(ids[5:12])])
    session = engine.open([engine.prefix(ids[:1]), *states], len(ids))
    return session.feed(ids[12:], 12)
