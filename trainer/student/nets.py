"""A new student that is no transformer: a BiLSTM or a CNN over the word pieces of its source.

Its words begin as the principal components of the source's own word embeddings, or as noise. Knows
encoders and seeds; knows no example, no teacher and no home.
"""

from typing import Any, cast

import torch
from torch import Tensor

from reread.errors import BadRequest
from reread.retriever.encoders.interface import NETS
from reread.retriever.encoders.nets import Net, NetConfig, make_net
from reread.retriever.encoders.word_pieces import WordPieces
from reread.retriever.files import RetrieverSettings
from reread.retriever.pooling import draw_projection
from reread.retriever.retriever import DenseRetriever


def make_student(
    student: str,
    source: DenseRetriever,
    *,
    seed: int,
    words: str = "teacher",
    dimension: int = 128,
    device: str = "cpu",
) -> DenseRetriever:
    """An untrained net; the same seed gives the same weights. `words` is teacher or scratch.

    States are pooled by their maxima over time (Kim), projected, and compared as unit vectors.
    """
    if student not in NETS:
        raise BadRequest(f"{student!r} is not made from nothing; that are {', '.join(NETS)}.")
    pieces = WordPieces.of(source.tokenizer)
    known = word_embeddings(source)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = make_net(NetConfig(student, max(len(pieces), len(known))))
    if words == "teacher":
        learn_words(net, known)
    settings = RetrieverSettings(
        pooling="max", normalize=True, projection=dimension,
        question_tokens=source.settings.question_tokens,
        passage_tokens=source.settings.passage_tokens,
    )  # fmt: skip
    made = DenseRetriever(net, pieces, settings, device=device, dtype="float32", name=student)
    if made.projection is not None:
        draw_projection(made.projection, seed)
    return made


def word_embeddings(retriever: DenseRetriever) -> Tensor:
    """(V, E) of a net or of a stock encoder."""
    encoder: Any = retriever.encoder
    table = encoder.words if isinstance(encoder, Net) else encoder.get_input_embeddings()
    return cast(Tensor, table.weight.detach().float().cpu())


def learn_words(net: Net, known: Tensor) -> None:
    """Give a net's words the directions in which the known ones differ most, at spread 1.

    Narrower sources fill the first columns only.
    """
    with torch.no_grad():
        centred = known - known.mean(dim=0)
        covariance = centred.T @ centred / len(centred)  # (E, E)
        _, directions = torch.linalg.eigh(covariance)  # ascending
        width = min(net.config.word_width, known.shape[1])
        main = centred @ directions.flip(1)[:, :width]  # (V, width)
        net.words.weight[: len(main), :width] = main / main.std().clamp_min(1e-12)
