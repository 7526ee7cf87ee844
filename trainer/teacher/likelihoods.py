"""How likely a reader finds given answers with one passage, and without one: teachers of Atlas.

Signals `ppmean` (PDist; by token, what EMDR2 marginalises) and `loop` (LOOP), for questions with
any number of passages; segments are encoded once. Knows a reader and examples; knows no student,
no loss and no log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reread.compute.padding import pad
from reread.errors import BadRequest
from reread.reader.decoding import start_token
from reread.reader.fusion import decode_step, token_logits
from reread.reader.reader import Reader
from reread.reader.segments import cut_segments
from reread.reading import ReadRequest
from trainer.examples import Example
from trainer.reader.batches import IGNORED, shift_right, target_ids
from trainer.reader.step import encode_by_length
from trainer.teacher.teacher import Judgement
from trainer.teaching import ANSWER_TEACHERS, LOOP

STATES_AT_ONCE = 32_768  # encoder states of one decoder call, padding included
MAX_ANSWER_TOKENS = 24


@dataclass(frozen=True, slots=True)
class LikelihoodTeacher:
    """`ppmean` or `loop` of a reader; every example needs an answer."""

    reader: Reader
    signal: str

    def __post_init__(self) -> None:
        if self.signal not in ANSWER_TEACHERS:
            raise BadRequest(
                f"{self.signal!r} is no likelihood of an answer; those are "
                f"{', '.join(ANSWER_TEACHERS)}."
            )

    @property
    def name(self) -> str:
        return self.reader.name

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        """For `ppmean` the mean over the answer's tokens, and each token's."""
        require_answers([(one.question, one.answer) for one in examples], self.signal)
        requests = [ReadRequest(one.question, one.passages) for one in examples]
        answers = [one.answer for one in examples]
        if self.signal == LOOP:
            losses = left_out_losses(self.reader, requests, answers)
            return [Judgement(tuple(one.tolist())) for one in losses]
        return [
            Judgement(tuple(one.mean(dim=1).tolist()), tuple(map(tuple, one.tolist())))
            for one in answer_log_probs(self.reader, requests, answers)
        ]


def require_answers(asked: Sequence[tuple[str, str]], teacher: str) -> None:
    """(question, answer) pairs; BadRequest where an answer is missing."""
    missing = [question for question, answer in asked if not answer.strip()]
    if missing:
        raise BadRequest(
            f"The teacher {teacher} needs an answer to every question and {len(missing)} of "
            f"{len(asked)} have none (first: {missing[0][:60]!r}): give their answers, or choose "
            f"the teacher attention."
        )


@torch.inference_mode()
def answer_log_probs(
    reader: Reader,
    requests: Sequence[ReadRequest],
    answers: Sequence[str],
    *,
    temperature: float = 1.0,
    states_at_once: int = STATES_AT_ONCE,
) -> list[Tensor]:  # each (K_i, T_i), T_i with the end token
    """log p(a_t | q, d_k, a_<t) with passage k alone in the context.

    `temperature` divides the logits, as Atlas does for EMDR2.
    """
    encoded, targets = _encode(reader, requests), _targets(reader, answers)
    owner = torch.tensor([i for i, one in enumerate(requests) for _ in one.passages])
    rows = max(1, states_at_once // encoded.states.shape[1])
    parts = [
        _log_probs(
            reader, targets.decoder_ids[owner[rows_]], targets.labels[owner[rows_]],
            encoded.states[rows_], encoded.mask[rows_], temperature,
        )
        for rows_ in torch.split(torch.arange(len(owner)), rows)
    ]  # fmt: skip
    values = torch.cat(parts).cpu()  # (N, T)
    return [
        own[:, :length]
        for own, length in zip(
            torch.split(values, [len(one.passages) for one in requests]),
            targets.lengths,
            strict=True,
        )
    ]


@torch.inference_mode()
def left_out_losses(
    reader: Reader,
    requests: Sequence[ReadRequest],
    answers: Sequence[str],
    *,
    states_at_once: int = STATES_AT_ONCE,
) -> list[Tensor]:  # each (K_i,)
    """LOOP: the answer's mean negative log-likelihood when passage k is hidden from the decoder.

    High where a passage is missed. Needs two passages, or nothing would be left to read.
    """
    for request in requests:
        if len(request.passages) < 2:
            raise BadRequest(
                f"loop leaves out one passage at a time and the question "
                f"{request.question[:60]!r} has {len(request.passages)}; give at least 2."
            )
    encoded, targets = _encode(reader, requests), _targets(reader, answers)
    found: list[Tensor] = []
    first = 0
    for i, request in enumerate(requests):
        last = first + len(request.passages)
        fused, spans = _fuse(encoded, first, last)
        length = targets.lengths[i]
        parts = [
            _log_probs(
                reader, targets.decoder_ids[i : i + 1, :length].expand(len(hidden), -1),
                targets.labels[i : i + 1, :length].expand(len(hidden), -1),
                fused.expand(len(hidden), -1, -1), hidden, 1.0,
            )
            for hidden in torch.split(spans, max(1, states_at_once // fused.shape[1]))
        ]  # fmt: skip
        found.append(-torch.cat(parts).mean(dim=1).cpu())
        first = last
    return found


@dataclass(frozen=True, slots=True)
class _Encoded:
    states: Tensor  # (N, L, d), every passage of every question
    mask: Tensor  # (N, L)


@dataclass(frozen=True, slots=True)
class _Targets:
    decoder_ids: Tensor  # (B, T)
    labels: Tensor  # (B, T)
    lengths: list[int]  # B


def _encode(reader: Reader, requests: Sequence[ReadRequest]) -> _Encoded:
    texts = [list(ids) for ids in _segment_ids(reader, requests)]
    ids, mask = pad(texts, reader.model.config.pad_token_id or 0)
    place = reader.model.device
    ids, mask = ids.to(place), mask.to(place)
    return _Encoded(encode_by_length(reader.model, ids, mask), mask)


def _segment_ids(reader: Reader, requests: Sequence[ReadRequest]) -> Iterator[tuple[int, ...]]:
    for request in requests:
        for segment in cut_segments(
            request.question, request.passages, reader.tokenizer, reader.max_segment_tokens
        ):
            yield segment.ids


def _targets(reader: Reader, answers: Sequence[str]) -> _Targets:
    targets = [target_ids(one, reader.tokenizer, MAX_ANSWER_TOKENS) for one in answers]
    pad = reader.model.config.pad_token_id or 0
    decoder_ids, labels = shift_right(targets, start_token(reader.model), pad)
    place = reader.model.device
    return _Targets(decoder_ids.to(place), labels.to(place), [len(one) for one in targets])


def _fuse(encoded: _Encoded, first: int, last: int) -> tuple[Tensor, Tensor]:
    """One question's states side by side (1, S, d), and K masks (K, S) that each hide a passage."""
    lengths = encoded.mask[first:last].sum(dim=1)  # (K,)
    fused = encoded.states[first:last][encoded.mask[first:last].bool()][None]  # (1, S, d)
    owner = torch.repeat_interleave(torch.arange(last - first, device=lengths.device), lengths)
    places = torch.arange(last - first, device=lengths.device)
    return fused, (owner[None, :] != places[:, None]).long()


def _log_probs(
    reader: Reader,
    decoder_ids: Tensor,  # (N, T)
    labels: Tensor,  # (N, T)
    states: Tensor,  # (N, S, d)
    mask: Tensor,  # (N, S)
    temperature: float,
) -> Tensor:  # (N, T), 0 after the end
    hidden = decode_step(reader.model, decoder_ids, states, mask)
    logits = token_logits(reader.model, hidden).float() / temperature  # (N, T, V)
    chosen = torch.log_softmax(logits, dim=-1).gather(2, labels.clamp_min(0)[..., None])[..., 0]
    return chosen.masked_fill(labels == IGNORED, 0.0)
