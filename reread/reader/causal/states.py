"""Keys and values of blocks, and a bounded store of them: what makes reading the question alone.

Knows tensors and token ids; knows no model and no text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class States:
    """One run of tokens as a causal model keeps it; positions are part of the keys."""

    keys: torch.Tensor  # (layers, key-value heads, L, d)
    values: torch.Tensor  # (layers, key-value heads, L, d)

    @property
    def length(self) -> int:
        """Tokens."""
        return int(self.keys.shape[2])

    @property
    def size_bytes(self) -> int:
        """Memory held."""
        return sum(one.numel() * one.element_size() for one in (self.keys, self.values))


Encode = Callable[[Sequence[tuple[int, ...]]], list[States]]


class StateCache:
    """The states of the blocks read last, up to `limit_bytes`; one thread at a time.

    A block is known by its tokens, so a changed passage is another block and nothing goes stale.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.hits = 0
        self.misses = 0
        self._states: OrderedDict[tuple[int, ...], States] = OrderedDict()

    def fetch(self, blocks: Sequence[tuple[int, ...]], encode: Encode) -> list[States]:
        """Every block's states in order; those not held are encoded together, each once."""
        missing = list(dict.fromkeys(ids for ids in blocks if ids not in self._states))
        self.misses += len(missing)
        self.hits += len(blocks) - len(missing)
        fresh = dict(zip(missing, encode(missing), strict=True)) if missing else {}
        found = [fresh[ids] if ids in fresh else self._states[ids] for ids in blocks]
        for ids, states in zip(blocks, found, strict=True):
            self._keep(ids, states)
        return found

    def _keep(self, ids: tuple[int, ...], states: States) -> None:
        if ids in self._states:
            self._states.move_to_end(ids)
            return
        if states.size_bytes > self.limit_bytes:
            return
        self._states[ids] = states
        self.held_bytes += states.size_bytes
        while self.held_bytes > self.limit_bytes:
            _, oldest = self._states.popitem(last=False)
            self.held_bytes -= oldest.size_bytes
