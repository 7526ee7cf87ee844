"""Questions and blocks of one step laid out as a single stream of tokens without wasted products.

Blocks of near length stand in groups of equal rows, each behind its own prefix; then come prompts
with the answers so far, one row a question. Knows tasks and shapes; knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch

from reread.compute.padding import cheapest_edges
from trainer.reader.causal.tasks import CausalTask

EIGHT = 8  # rows are padded to a multiple of it
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one length that follow one another in the stream from token `first`."""

    first: int
    rows: int
    length: int
    own: torch.Tensor  # (rows, length) bool: tokens of the block itself, no prefix, no padding
    owners: torch.Tensor  # (rows,) question of each row
    causal: torch.Tensor  # (1, 1, length, length) 0 or -inf


@dataclass(frozen=True, slots=True)
class Stream:
    """M tokens: N block rows in groups, then B question rows of T tokens each."""

    ids: torch.Tensor  # (M,)
    positions: torch.Tensor  # (M,)
    groups: tuple[Group, ...]
    order: torch.Tensor  # (N,) block number of each row, through all groups
    questions: int  # B
    length: int  # T
    seen: torch.Tensor  # (B, S + T) places in the stream that a question row's tokens may see
    mask: torch.Tensor  # (B, 1, T, S + T) 0 or -inf
    asks: torch.Tensor  # (B,) row token, of B * T, that predicts the answer's first token
    predicts: torch.Tensor  # (Y,) row tokens, of B * T, that predict an answer's token
    targets: torch.Tensor  # (Y,)
    weights: torch.Tensor  # (Y,) one over the root of the answer's length
    owners: torch.Tensor  # (N,) question of each block
    right: torch.Tensor  # (N,) bool

    def to(self, device: torch.device) -> Stream:
        """The same on another device."""
        moved = {f.name: _moved(getattr(self, f.name), device) for f in fields(self)}
        return Stream(**moved)  # type: ignore[arg-type]


def lay_out(tasks: Sequence[CausalTask], prefix: Sequence[int], pad: int) -> Stream:
    """The stream of these questions.

    A question's first token stands behind the longest of its blocks; the prefix is seen once, in
    the row of the question's first block.
    """
    blocks = [block for task in tasks for block in task.blocks]
    owners = [b for b, task in enumerate(tasks) for _ in task.blocks]
    groups, order, places = _group_blocks(blocks, owners, len(prefix))
    ids = [_rows([[*prefix, *blocks[r]] for r in rows], group.length, pad)
           for rows, group in zip(order, groups, strict=True)]  # fmt: skip
    positions = [torch.arange(group.length).repeat(group.rows) for group in groups]
    begun = sum(group.rows * group.length for group in groups)
    asked = [[*task.prompt, *task.target[:-1]] for task in tasks]
    length = _eight(max(map(len, asked)))
    longest = [len(prefix) + max(map(len, task.blocks)) for task in tasks]
    ids.append(_rows(asked, length, pad))
    positions += [first + torch.arange(length) for first in longest]
    seen, mask = _seen(tasks, places, len(prefix), length, begun)
    heads = [b * length + len(task.prompt) - 1 for b, task in enumerate(tasks)]
    answers = [
        head + t for head, task in zip(heads, tasks, strict=True) for t in range(len(task.target))
    ]
    right = [at in task.right for task in tasks for at in range(len(task.blocks))]
    return Stream(
        torch.cat([one.flatten() for one in ids]), torch.cat(positions), groups,
        torch.tensor([r for rows in order for r in rows]), len(tasks), length, seen, mask,
        torch.tensor(heads), torch.tensor(answers),
        torch.tensor([token for task in tasks for token in task.target]),
        torch.tensor([len(task.target) ** -0.5 for task in tasks for _ in task.target]),
        torch.tensor(owners), torch.tensor(right),
    )  # fmt: skip


def _group_blocks(
    blocks: Sequence[tuple[int, ...]], owners: Sequence[int], prefix: int
) -> tuple[tuple[Group, ...], list[list[int]], list[int]]:
    """Groups, the blocks in each, and where each block's row begins in the stream."""
    by_length = sorted(range(len(blocks)), key=lambda r: len(blocks[r]))
    edges = cheapest_edges([_eight(prefix + len(blocks[r])) for r in by_length])
    order = [by_length[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    groups, places, at = [], [0] * len(blocks), 0
    for rows in order:
        length = _eight(prefix + max(len(blocks[r]) for r in rows))
        own = torch.zeros(len(rows), length, dtype=torch.bool)
        for row, r in enumerate(rows):
            own[row, prefix : prefix + len(blocks[r])] = True
            places[r] = at + row * length
        seen = torch.ones(length, length, dtype=torch.bool).tril()
        groups.append(Group(at, len(rows), length, own, torch.tensor([owners[r] for r in rows]),
                            _additive(seen)[None, None]))  # fmt: skip
        at += len(rows) * length
    return tuple(groups), order, places


def _seen(
    tasks: Sequence[CausalTask], places: Sequence[int], prefix: int, length: int, begun: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which tokens of the stream each question row sees, and under which mask."""
    flat: list[list[int]] = []
    r = 0
    for task in tasks:
        tokens = list(range(places[r], places[r] + prefix))
        for block in task.blocks:
            tokens += range(places[r] + prefix, places[r] + prefix + len(block))
            r += 1
        flat.append(tokens)
    width = _eight(max(map(len, flat)))
    places_seen = torch.zeros(len(tasks), width, dtype=torch.long)
    real = torch.zeros(len(tasks), width, dtype=torch.bool)
    for b, tokens in enumerate(flat):
        places_seen[b, : len(tokens)] = torch.tensor(tokens)
        real[b, : len(tokens)] = True
    own = begun + torch.arange(len(tasks) * length).view(len(tasks), length)
    past = torch.ones(length, length, dtype=torch.bool).tril()
    mask = torch.cat(
        [real[:, None].expand(-1, length, -1), past.expand(len(tasks), -1, -1)], dim=-1
    )
    return torch.cat([places_seen, own], dim=1), _additive(mask)[:, None]


def _rows(rows: Sequence[Sequence[int]], length: int, pad: int) -> torch.Tensor:
    found = torch.full((len(rows), length), pad)
    for n, row in enumerate(rows):
        found[n, : len(row)] = torch.tensor(list(row))
    return found


def _additive(seen: torch.Tensor) -> torch.Tensor:
    return torch.zeros(seen.shape).masked_fill_(~seen, NEVER)


def _eight(length: int) -> int:
    return (length + EIGHT - 1) // EIGHT * EIGHT


def _moved(value: object, device: torch.device) -> object:
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, tuple):
        return tuple(_moved(one, device) for one in value)
    if isinstance(value, Group):
        moved = {f.name: _moved(getattr(value, f.name), device) for f in fields(value)}
        return Group(**moved)  # type: ignore[arg-type]
    return value
