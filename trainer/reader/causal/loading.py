"""What a causal reader's training begins from: a folder, a name, or the starter's package.

Knows checkpoints; knows no data and no step.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from reread.errors import UnknownModel
from reread.reader.loading import is_causal
from reread.reader.starter.base import base_weights, check_base, find_base
from reread.reader.starter.folder import PARTS


def load_causal_base(name_or_path: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A causal checkpoint in float32; UnknownModel in one sentence where it cannot be loaded."""
    transformers_logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(name_or_path, dtype=torch.float32)
        return model, AutoTokenizer.from_pretrained(name_or_path)
    except (OSError, ValueError) as error:
        raise UnknownModel(
            f"The checkpoint {name_or_path!r} could not be loaded ({str(error).splitlines()[0]}); "
            "give a local folder, or a Hugging Face name while a network is there."
        ) from error


def load_starter_base(parts: Path = PARTS) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The starter's untuned language model in float32, from its package; UnknownModel without."""
    transformers_logging.disable_progress_bar()
    base = find_base()
    check_base(base)
    config = AutoConfig.from_pretrained(parts)
    config.dtype = torch.float32
    model = AutoModelForCausalLM.from_config(config)
    missing, unknown = model.load_state_dict(dict(base_weights(base)), strict=False)
    assert not unknown and set(missing) <= {"lm_head.weight"}, (missing, unknown)
    model.tie_weights()
    return model.float(), AutoTokenizer.from_pretrained(parts)


def is_causal_base(name_or_path: str | None) -> bool:
    """Whether a checkpoint to begin from is a causal language model's.

    One that is not there is none; whoever loads it says so.
    """
    try:
        return name_or_path is not None and is_causal(name_or_path)
    except UnknownModel:
        return False
