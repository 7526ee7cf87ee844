"""Where a distillation run begins: the encoder it trains, and what its first passages come from.

Section 4.2 of arXiv 2012.04584 starts from BM25, from an untrained BERT or from DPR. Knows
encoders and seeds; knows no questions and no run.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from reread.errors import BadRequest
from reread.retriever.encoders.interface import NETS
from reread.retriever.files import find_folder, read_settings
from reread.retriever.interaction import LATE, POOLED, interaction_named
from reread.retriever.retriever import DenseRetriever
from trainer.settings import UNTRAINED
from trainer.student.nets import make_student

LATE_PASSAGES = 200_000  # 12 GB of a small encoder's token vectors


def load_start_encoder(
    name: str | None,
    *,
    seed: int,
    device: str,
    bf16: bool,
    interaction: str | None = None,
    student: str | None = None,
    pooling: str | None = None,
    projection: int | None = None,
    unit_vectors: bool | None = None,
) -> DenseRetriever:
    """The retriever as the run finds it; `untrained` draws its layers from `seed`, and a student
    that the encoder is not is a new net with its words.

    Pooling, a projection of every state (drawn from `seed`) and unit length are the folder's where
    nothing is said of them.
    """
    kind = "bfloat16" if bf16 else "float32"
    wanted = None if name == UNTRAINED else name
    told = {
        "pooling": pooling, "projection": projection, "normalize": unit_vectors,
        "projected": None if projection is None else "tokens",
    }  # fmt: skip
    changes: dict[str, Any] = {key: value for key, value in told.items() if value is not None}
    settings = replace(read_settings(find_folder(wanted)), **changes) if changes else None
    retriever = DenseRetriever.load(wanted, device=device, dtype=kind, settings=settings, seed=seed)
    if name == UNTRAINED:
        forget_layers(retriever.encoder, seed)
    if student in NETS and retriever.student != student:
        retriever = make_student(student, retriever, seed=seed, device=str(retriever.device))
    if interaction is not None:
        retriever.compare_by(interaction)
    retriever.name = name or retriever.name
    return retriever


def next_interaction(serving: str | None, passages: int) -> str:
    """What a retriever to be taught compares, where nobody said.

    As what serves; where words do, or nothing yet, token by token, which alone is sure to find as
    much as words do, unless the corpus is so large that its tokens would fill a disk.

    >>> next_interaction("dense", 10), next_interaction("bm25", 10), next_interaction("bm25", 10**6)
    ('pooled', 'late', 'pooled')
    """
    if serving is not None and serving != "bm25":
        return interaction_named(serving).name
    return LATE.name if passages <= LATE_PASSAGES else POOLED.name


def forget_layers(encoder: nn.Module, seed: int) -> None:
    """Draw every weight outside the embeddings anew, as the configuration initialises it.

    Matrices are normal with `initializer_range`, biases 0, norms 1: BERT's own rule. The word,
    position and type embeddings stay, which a randomly initialised one could not learn from a few
    thousand questions.
    """
    config: Any = encoder.config
    embeddings = getattr(encoder, "embeddings", None)
    if embeddings is None or not hasattr(config, "initializer_range"):
        raise BadRequest(
            f"The encoder {type(encoder).__name__} has no `embeddings` apart from its layers; "
            f"start untrained from a BERT-shaped one."
        )
    kept = set(embeddings.modules())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in encoder.modules():
            if module not in kept:
                _draw(module, config.initializer_range, generator)


def _draw(module: nn.Module, spread: float, generator: torch.Generator) -> None:
    if isinstance(module, nn.Linear):
        drawn = torch.empty(module.weight.shape).normal_(0.0, spread, generator=generator)
        module.weight.copy_(drawn)
        if module.bias is not None:
            module.bias.zero_()
    elif isinstance(module, nn.LayerNorm):
        module.weight.fill_(1.0)
        module.bias.zero_()
