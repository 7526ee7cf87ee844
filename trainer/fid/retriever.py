"""Published Fusion-in-Decoder retriever weights -> a retriever folder of ours.

Knows the published layout: a BERT under `model.`, and `proj` and `norm` applied to every token
before the mean. Knows nothing of training or search.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertModel

from reread.commit import committed_dir
from reread.errors import UnknownModel
from reread.retriever.files import RetrieverSettings
from reread.retriever.retriever import DenseRetriever
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

BODY = "model."
POSITIONS = "embeddings.position_ids"
PROJECTION = {"proj.weight": "0.weight", "proj.bias": "0.bias"}
NORM = {"norm.weight": "1.weight", "norm.bias": "1.bias"}
FID_TOKENIZER = "bert-base-uncased"  # what the published code loads
NOT_BERTS = (
    "apply_question_mask", "apply_passage_mask", "extract_cls", "projection", "indexing_dimension",
    "question_maxlength", "passage_maxlength", "architectures", "transformers_version",
)  # fmt: skip


def convert_retriever(source: Path, output: Path, *, tokenizer: str | None = None) -> Conversion:
    """Write `output` (which must not exist) from a checkpoint folder.

    `tokenizer` is a folder or a hub name; by default the one in `source`, else bert-base-uncased.
    Vectors are those of the published code: the mean over a text's tokens of
    LayerNorm(projection(token)), for `question: Q` and `title: T context: X`; search there uses
    the plain inner product, as here. Raises UnknownModel for what does not fit.
    """
    body = read_config(source)
    values = {k: v for k, v in body.items() if k not in NOT_BERTS}
    config: BertConfig = build_config(BertConfig, values, source)
    settings = retriever_settings(source, body)
    file, found = read_weights(source)
    tensors, dropped = bert_names(found)
    with torch.device("meta"):
        shapes = {k: v.shape for k, v in BertModel(config).state_dict().items()}
    wanted = {f"{BODY}{name}": shape for name, shape in shapes.items()}
    take_all(file, tensors, {**wanted, **_projection_shapes(config, settings)})
    words = load_tokenizer(source, tokenizer, FID_TOKENIZER, config.vocab_size)
    retriever = DenseRetriever(_bert(config, tensors), words, settings, dtype="float32")
    if retriever.projection is not None:
        names = {**PROJECTION, **NORM}
        retriever.projection.load_state_dict({ours: tensors[fids] for fids, ours in names.items()})
    with committed_dir(output) as scratch:
        retriever.save(scratch)
    return Conversion(
        output, len(tensors), sum(t.numel() for t in tensors.values()), tuple(dropped)
    )


def retriever_settings(source: Path, body: dict[str, Any]) -> RetrieverSettings:
    """What config.json says about use, the published code's defaults where it says nothing.

    Without a mask that code attends to padding and averages it too; `fill_*` keeps that. Raises
    UnknownModel for values that cannot be.
    """
    if body.get("model_type", "bert") != "bert":
        raise UnknownModel(
            f"{source / 'config.json'} describes a {body['model_type']!r} model, not a BERT."
        )
    longest = int(body.get("max_position_embeddings", 512))
    width = _whole(source, body, "indexing_dimension", 768, 2**16)
    return RetrieverSettings(
        pooling="cls" if body.get("extract_cls", False) else "mean",
        normalize=False,
        projection=width if body.get("projection", True) else None,
        projected="tokens",
        question_prefix="question: ",
        passage_prefix="title: ",
        text_prefix="context: ",
        question_tokens=_whole(source, body, "question_maxlength", 40, longest),
        passage_tokens=_whole(source, body, "passage_maxlength", 200, longest),
        fill_questions=not body.get("apply_question_mask", False),
        fill_passages=not body.get("apply_passage_mask", False),
    )


def _whole(source: Path, body: dict[str, Any], name: str, default: int, most: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise UnknownModel(
            f"{source / 'config.json'} has {name} {value!r}; a whole number from 1 to {most} fits."
        )
    return value


def bert_names(found: Tensors) -> tuple[Tensors, list[Dropped]]:
    """The tensors without the positions that old files list: always 0, 1, 2, ...

    >>> tensors, dropped = bert_names({"model.embeddings.position_ids": torch.arange(3)[None]})
    >>> tensors, dropped[0].name
    ({}, 'model.embeddings.position_ids')
    """
    tensors, name = dict(found), f"{BODY}{POSITIONS}"
    held = tensors.get(name)
    if held is None or held.flatten().tolist() != list(range(held.numel())):
        return tensors, []  # positions in another order would be refused as an unknown tensor
    del tensors[name]
    return tensors, [Dropped(name, "it only counts 0, 1, 2, ...; current BERT makes it itself")]


def _projection_shapes(config: BertConfig, settings: RetrieverSettings) -> dict[str, torch.Size]:
    if settings.projection is None:
        return {}
    width = torch.Size([settings.projection])
    weight = torch.Size([settings.projection, config.hidden_size])
    return {"proj.weight": weight, "proj.bias": width, "norm.weight": width, "norm.bias": width}


def _bert(config: BertConfig, tensors: Tensors) -> BertModel:
    encoder = BertModel(config)
    encoder.load_state_dict(
        {name.removeprefix(BODY): one for name, one in tensors.items() if name.startswith(BODY)}
    )
    return encoder
