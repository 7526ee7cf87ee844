"""The reader's optimizer: which weights learn, at what rate, and how the rate moves over the steps.

Knows parameters and steps; knows no data and no losses. Table 7 of arXiv 2012.04584 names the
optimizers and schedules: Adam with a constant rate (base), AdamW with a linear one (large).
"""

from __future__ import annotations

import torch
from torch import nn
from transformers import PreTrainedModel

from reread.errors import BadRequest
from trainer.reader.settings import ReaderTraining
from trainer.schedule import linear_rate


def make_optimizer(model: PreTrainedModel, settings: ReaderTraining) -> torch.optim.Adam:
    """Adam or AdamW with one rate for the encoder and one for the rest.

    Biases and norms do not decay, and nothing does under plain Adam. Embeddings that encoder and
    decoder share learn at the encoder's rate.
    """
    freeze(model, settings)
    encoder = {id(p) for p in model.get_encoder().parameters()}
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((id(parameter) in encoder, parameter.dim() > 1), []).append(parameter)
    decay = settings.weight_decay if settings.optimizer == "adamw" else 0.0
    kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
    return kind(
        [
            {
                "params": parameters,
                "lr": settings.encoder_learning_rate if inside else settings.learning_rate,
                "weight_decay": decay if matrix else 0.0,
            }
            for (inside, matrix), parameters in groups.items()
        ],
        betas=(0.9, settings.beta2),
        fused=True,
    )


def learning_parameters(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """Every parameter that moves, in the optimizer's order."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def freeze(model: PreTrainedModel, settings: ReaderTraining) -> None:
    """Let everything learn but the embeddings and lower encoder layers that are to stay."""
    model.requires_grad_(True)
    model.get_input_embeddings().weight.requires_grad_(not settings.freeze_embeddings)
    encoder = model.get_encoder()
    layers = encoder.block if hasattr(encoder, "block") else encoder.layers
    if settings.freeze_encoder_layers > len(layers):
        raise BadRequest(
            f"{settings.freeze_encoder_layers} encoder layers cannot be frozen: the reader has "
            f"{len(layers)}."
        )
    for layer in layers[: settings.freeze_encoder_layers]:
        layer.requires_grad_(False)


def rate_at(step: int, settings: ReaderTraining) -> float:
    """The factor on the peak rate: linear warm-up, then level or a linear fall to `final_share`."""
    final = 1.0 if settings.schedule == "constant" else settings.final_share
    return linear_rate(step, settings.steps, settings.warmup_steps, final)


def set_rates(optimizer: torch.optim.Optimizer, step: int, settings: ReaderTraining) -> None:
    """Give every group its rate of this step; the peak stays in the group as `peak`."""
    for group in optimizer.param_groups:
        peak = group.setdefault("peak", group["lr"])
        group["lr"] = peak * rate_at(step, settings)
