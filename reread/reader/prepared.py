"""Requests encoded for a Fusion-in-Decoder reader: segments apart, their states side by side.

Knows an encoder and a tokenizer; knows no decoder and no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reread.compute.padding import pad_by_length
from reread.errors import BadRequest
from reread.reader.fusion import encode_segments
from reread.reader.packed.encoder import PackedEncoder
from reread.reader.segments import Segment, cut_segments
from reread.reader.unread import CUT_QUESTION, cut_passages
from reread.reading import ReadRequest

ENCODE_TOKENS = 8192  # padded tokens per encoder call: bounds memory, fills the cores


@dataclass(frozen=True, slots=True)
class Prepared:
    """Encoded requests: every question's real tokens side by side, padded to the longest."""

    segments: list[list[Segment]]
    fused: torch.Tensor  # (B, S, d)
    mask: torch.Tensor  # (B, S)
    requests: tuple[ReadRequest, ...]

    def warnings(self, b: int) -> tuple[str, ...]:
        """What of request b was not read."""
        segments = self.segments[b]
        question = (CUT_QUESTION,) if segments[0].question_cut else ()
        return (*question, *cut_passages(self.requests[b].passages, [one.seen for one in segments]))


def prepare(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    requests: Sequence[ReadRequest],
    max_segment_tokens: int,
    packed: PackedEncoder | None = None,
) -> Prepared:
    """BadRequest for a question without passages. `packed` encodes instead of the model's own."""
    for request in requests:
        if not request.passages:
            raise BadRequest(
                f"The question {request.question[:60]!r} has 0 passages; give at least 1."
            )
    segments = [
        cut_segments(one.question, one.passages, tokenizer, max_segment_tokens) for one in requests
    ]
    # A comparison of pairs reads each passage many times: what stands there twice is encoded once.
    every = [one for group in segments for one in group]
    apart = {one.ids: one for one in every}
    found = packed.encode(list(apart)) if packed else encode(model, list(apart.values()))
    by_ids = dict(zip(apart, found, strict=True))
    states = [by_ids[one.ids] for one in every]
    width = max(sum(len(one.ids) for one in group) for group in segments)
    fused = states[0].new_zeros(len(requests), width, states[0].shape[-1])
    mask = torch.zeros(len(requests), width, dtype=torch.long, device=fused.device)
    row = 0
    for b, group in enumerate(segments):
        joined = torch.cat(states[row : row + len(group)])  # (S_b, d)
        fused[b, : len(joined)] = joined
        mask[b, : len(joined)] = 1
        row += len(group)
    return Prepared(segments, fused, mask, tuple(requests))


def encode(model: PreTrainedModel, segments: Sequence[Segment]) -> list[torch.Tensor]:
    """Encoder states (L_i, d) of every segment; near-equal lengths share a call."""
    states: list[torch.Tensor] = [torch.empty(0)] * len(segments)
    pad_id, place = model.config.pad_token_id or 0, model.device
    for rows, ids, mask in pad_by_length([one.ids for one in segments], pad_id, ENCODE_TOKENS):
        encoded = encode_segments(model, ids.to(place), mask.to(place))
        for row, own in zip(rows, encoded, strict=True):
            states[row] = own[: len(segments[row].ids)]
    return states
