"""Padding by length: texts of near-equal length share a call, so that little of it is padding.

Knows lengths and token ids; knows no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

GROUP_COST = 60  # tokens' worth of time that a group of rows takes by itself


def length_batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """Rows longest first, equals in order, cut so that rows x longest stays within `tokens`.

    >>> list(length_batches([1, 4, 3, 4], tokens=8))
    [[1, 3], [2, 0]]
    >>> list(length_batches([9, 0], tokens=8))
    [[0], [1]]
    """
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    while order:
        count = max(1, tokens // max(1, lengths[order[0]]))
        yield order[:count]
        order = order[count:]


def pad(texts: Sequence[Sequence[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """(input ids (N, L), attention mask (N, L)), both int64; L is at least 1.

    >>> [one.tolist() for one in pad([[5, 6], [7]], 0)]
    [[[5, 6], [7, 0]], [[1, 1], [1, 0]]]
    """
    longest = max([1, *map(len, texts)])
    ids = torch.full((len(texts), longest), pad_id, dtype=torch.int64)
    mask = torch.zeros(len(texts), longest, dtype=torch.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text, dtype=torch.int64)
        mask[row, : len(text)] = 1
    return ids, mask


def pad_by_length(
    texts: Sequence[Sequence[int]], pad_id: int, tokens: int
) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """(rows, input ids, attention mask) of batches of near-equal length.

    >>> [(rows, ids.tolist()) for rows, ids, _ in pad_by_length([[5], [6, 7]], 0, tokens=2)]
    [([1], [[6, 7]]), ([0], [[5]])]
    """
    for rows in length_batches([len(text) for text in texts], tokens):
        yield rows, *pad([texts[row] for row in rows], pad_id)


def cheapest_edges(lengths: Sequence[int]) -> list[int]:
    """Where to part rows of rising lengths into groups that cost least: every row of a group is as
    long as its longest, and a group costs GROUP_COST tokens of its own.

    No group has a single row where there are two: compiled steps would be compiled once more.

    >>> cheapest_edges([8, 8, 8, 400, 400])
    [0, 3, 5]
    """
    count = len(lengths)
    if count < 2:
        return [0, count]
    cost, cut = [0.0] + [float("inf")] * count, [0] * (count + 1)
    for end in range(1, count + 1):
        for begin in range(end - 1):
            whole = cost[begin] + (end - begin) * lengths[end - 1] + GROUP_COST
            if whole < cost[end]:
                cost[end], cut[end] = whole, begin
    edges = [count]
    while edges[-1] > 0:
        edges.append(cut[edges[-1]])
    return edges[::-1]
