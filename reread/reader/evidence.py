"""One question's evidence out of a batch's cross-attention taps, laid out by passage and token.

Knows taps, segments and their tokens; knows no model and no aggregation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerBase

from reread.reader.aggregations import AttentionEvidence
from reread.reader.fusion import CrossAttentionTap
from reread.reader.segments import Segment


def evidence_of(
    taps: Sequence[CrossAttentionTap], b: int, segments: Sequence[Segment], steps: int
) -> AttentionEvidence:
    """One question's part of the taps, unpacked to (layers, H, K, L) on their device."""
    place = taps[0].scores[0].device
    mask, index = _places(segments)
    index = index.to(place)
    taps = taps[: max(1, steps)]

    def stack(tensors: dict[int, torch.Tensor]) -> torch.Tensor:  # each (B, H, ..., S)
        own = [tensors[i][b] for i in sorted(tensors)]
        return torch.stack([one[:, 0] if one.dim() == 3 else one for one in own]).float()

    def average(steps: Sequence[dict[int, torch.Tensor]]) -> torch.Tensor:
        return sum((stack(one) for one in steps[1:]), stack(steps[0])) / len(steps)

    norms = taps[0].value_norms
    return AttentionEvidence(
        stack(taps[0].scores)[..., index],
        average([tap.scores for tap in taps])[..., index],
        average([tap.weights for tap in taps])[..., index],
        stack(norms)[..., index] if norms else None,
        mask.to(place),
        _question_places(segments, mask).to(place),
    )


def _places(segments: Sequence[Segment]) -> tuple[torch.Tensor, torch.Tensor]:
    """(K, L) each: which places hold a token, and where it stands in the fused states."""
    lengths = torch.tensor([len(s.ids) for s in segments])
    place = torch.arange(int(lengths.max()))
    mask = place[None, :] < lengths[:, None]
    starts = torch.cumsum(lengths, 0) - lengths
    return mask, (starts[:, None] + place[None, :]) * mask


def _question_places(segments: Sequence[Segment], mask: torch.Tensor) -> torch.Tensor:
    """(K, L), true on the question's own tokens."""
    begin = len("question: ") - 1
    rows = [
        [right > left >= begin and right <= segment.question_end for left, right in segment.offsets]
        + [False] * (mask.shape[1] - len(segment.offsets))
        for segment in segments
    ]
    return torch.tensor(rows)


def token_scores(
    evidence: AttentionEvidence, segments: Sequence[Segment], tokenizer: PreTrainedTokenizerBase
) -> tuple[tuple[tuple[str, float], ...], ...]:
    """(token, score) pairs per passage: mean over layers and heads at the first output token."""
    per_token = evidence.scores.mean(dim=(0, 1))  # (K, L)
    return tuple(
        tuple(
            zip(
                tokenizer.convert_ids_to_tokens(list(segment.ids)),
                per_token[k, : len(segment.ids)].tolist(),
                strict=True,
            )
        )
        for k, segment in enumerate(segments)
    )
