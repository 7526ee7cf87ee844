"""A weight for every head's scores, learnt beside a causal reader: which heads choose passages.

Adam at a rate of its own, no decay, no clipping. Knows one tensor; knows no model and no loss.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from transformers import PreTrainedModel

from reread.reader.confidence import HeadWeights as LearntHeads
from trainer.reader.causal.settings import CausalTraining

FIRST = 0.003  # of every head, before anything is known
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class HeadWeights:
    """`weights` (2, layers, H): of mean scores and of log-sum-exp scores."""

    def __init__(self, weights: torch.Tensor, rate: float) -> None:
        self.weights = weights.requires_grad_(True)
        self._optimizer = torch.optim.Adam([self.weights], lr=rate, betas=(0.9, 0.98))

    @classmethod
    def of(cls, model: PreTrainedModel, training: CausalTraining) -> HeadWeights:
        """All alike."""
        config = model.config
        size = (2, int(config.num_hidden_layers), int(config.num_attention_heads))
        return cls(torch.full(size, FIRST, device=model.device), training.heads_rate)

    def learn(self) -> None:
        """One step down the gradient that the losses left."""
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, torch.Tensor]:
        """What a resumed run needs."""
        moments = self._optimizer.state[self.weights]
        found = {"heads": self.weights.detach()}
        return {**found, **{f"heads.{name}": moments[name] for name in MOMENTS if name in moments}}

    def restore(self, saved: Mapping[str, torch.Tensor]) -> None:
        """Take over what `state` gave."""
        with torch.no_grad():
            self.weights.copy_(saved["heads"])
        self._optimizer.state[self.weights] = {
            name: saved[f"heads.{name}"].to("cpu" if name == "step" else self.weights.device)
            for name in MOMENTS
            if f"heads.{name}" in saved
        }

    def learnt(self) -> LearntHeads:
        """The weights as the reader's notes keep them."""
        means, masses = self.weights.detach().cpu().tolist()
        return LearntHeads(tuple(map(tuple, means)), tuple(map(tuple, masses)))
