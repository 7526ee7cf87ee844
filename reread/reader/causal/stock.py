"""A stock causal model of transformers as the engine of a reader: any family, no rewriting.

Knows models and caches; knows no text. The faster engine for Llama-shaped models (packed.py) is
held to this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from reread.reader.causal.attention import BlockTap, install_block_attention
from reread.reader.causal.states import States

ENCODE_TOKENS = 8192  # padded tokens a call: bounds memory, fills the cores


class StockEngine:
    """Encodes blocks and opens sessions with the model's own forward pass."""

    path = "transformers, block attention"

    def __init__(self, model: PreTrainedModel) -> None:
        install_block_attention(model)
        self.model = model.eval()
        self.body = model.base_model

    def encode(self, prefix: Sequence[int], blocks: Sequence[Sequence[int]]) -> list[States]:
        """The states of each block behind the prefix, the prefix's own left out."""
        order = sorted(range(len(blocks)), key=lambda i: -len(blocks[i]))
        found: dict[int, States] = {}
        while order:
            longest = len(prefix) + len(blocks[order[0]])
            count = max(1, ENCODE_TOKENS // longest)
            chunk, order = order[:count], order[count:]
            keys, values = self._run([[*prefix, *blocks[i]] for i in chunk])
            for row, i in enumerate(chunk):
                own = slice(len(prefix), len(prefix) + len(blocks[i]))
                found[i] = States(keys[row][..., own, :].clone(), values[row][..., own, :].clone())
        return [found[i] for i in range(len(blocks))]

    def prefix(self, prefix: Sequence[int]) -> States:
        """The states of the prefix itself."""
        keys, values = self._run([list(prefix)])
        return States(keys[0], values[0])

    def open(self, parts: Sequence[States], room: int) -> StockSession:
        """A session over these states side by side, with room for so many further tokens."""
        return StockSession(self, parts, room)

    def _run(self, rows: list[list[int]]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Keys and values of right-padded rows; causal, so padding changes nothing before it."""
        longest = max(map(len, rows))
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        for row, one in enumerate(rows):
            ids[row, : len(one)] = torch.tensor(one)
        cache = DynamicCache()
        place = self.model.device
        positions = torch.arange(longest, device=place).expand(len(rows), -1)
        self.body(
            input_ids=ids.to(place), position_ids=positions, past_key_values=cache, use_cache=True
        )
        keys = torch.stack([layer.keys for layer in cache.layers], dim=1)  # (B, layers, G, L, d)
        values = torch.stack([layer.values for layer in cache.layers], dim=1)
        return list(keys), list(values)


class StockSession:
    """One question over some states: feeds tokens, gives the next token's logits."""

    def __init__(self, engine: StockEngine, parts: Sequence[States], room: int) -> None:
        self._engine = engine
        self._cache = DynamicCache()
        layers = parts[0].keys.shape[0]
        self._cache.layers = [_reserved(parts, layer, room) for layer in range(layers)]

    def feed(self, ids: Sequence[int], position: int, tap: BlockTap | None = None) -> torch.Tensor:
        """Logits (V,) behind the last of `ids`, the first of which stands at `position`."""
        place = self._engine.model.device
        extra: dict[str, Any] = {} if tap is None else {"tap": tap}
        states = self._engine.body(
            input_ids=torch.tensor([list(ids)], device=place),
            position_ids=torch.arange(position, position + len(ids), device=place)[None],
            past_key_values=self._cache,
            use_cache=True,
            **extra,
        ).last_hidden_state
        return final_logits(self._engine.model, states[0, -1])

    def value_norms(self) -> torch.Tensor:
        """Norms of all values so far, (layers, G, S)."""
        return torch.stack([layer.values[0].float().norm(dim=-1) for layer in self._cache.layers])


class ReservedLayer(DynamicLayer):  # type: ignore[misc]
    """A cache layer whose tensors lie in a buffer made once: appending copies only what is new."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, filled: int) -> None:
        super().__init__()
        self._keys, self._values, self._filled = keys, values, filled
        self.dtype, self.device = keys.dtype, keys.device
        self.keys, self.values = keys[:, :, :filled], values[:, :, :filled]
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append in place; both (1, G, T, d)."""
        end = self._filled + key_states.shape[2]
        self._keys[:, :, self._filled : end] = key_states
        self._values[:, :, self._filled : end] = value_states
        self._filled = end
        self.keys, self.values = self._keys[:, :, :end], self._values[:, :, :end]
        return self.keys, self.values


def final_logits(model: PreTrainedModel, states: torch.Tensor) -> torch.Tensor:
    """Vocabulary logits in float32, with the family's own soft cap."""
    logits: torch.Tensor = model.get_output_embeddings()(states).float()
    cap = getattr(model.config, "final_logit_softcapping", None)
    return logits if cap is None else torch.tanh(logits / cap) * cap


def _reserved(parts: Sequence[States], layer: int, room: int) -> ReservedLayer:
    filled = sum(part.length for part in parts)
    groups, width = parts[0].keys.shape[1], parts[0].keys.shape[3]
    keys = parts[0].keys.new_empty(1, groups, filled + room, width)
    values = keys.new_empty(1, groups, filled + room, parts[0].values.shape[3])
    at = 0
    for part in parts:
        keys[0, :, at : at + part.length] = part.keys[layer]
        values[0, :, at : at + part.length] = part.values[layer]
        at += part.length
    return ReservedLayer(keys, values, filled)
