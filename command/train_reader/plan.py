"""What `reread train-reader` will do: presets and flags made into stages, a device, a precision."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from reread.errors import BadRequest

if TYPE_CHECKING:
    import torch

    from trainer.reader.distributed import Ranks
    from trainer.reader.starter.recipe import Stage

# Change how the work is done and told, so they may be given for the starter's stages too.
ANYWHERE = frozenset(
    {"accumulation", "checkpointing", "eval_every", "save_every", "log_every", "seed"}
)


def plan_stages(
    preset: str | None, base: str | None, values: Mapping[str, object]
) -> tuple[str | None, tuple[Stage, ...]]:
    """The checkpoint to begin from (None: the untrained starter) and the stages to train."""
    from trainer.reader.presets import override, preset_named
    from trainer.reader.starter.recipe import STARTER_STAGES, Stage, with_values

    recipe = preset_named(preset)
    if base is None and preset is None:
        if fixed := [name for name in values if name not in ANYWHERE]:
            raise BadRequest(
                f"`{fixed[0]}` is fixed in the starter reader's stages; give --base or --preset "
                "to train with values of your own."
            )
        return None, with_values(STARTER_STAGES, **values)
    recipe = override(recipe, base=base, **values)
    if values.get("weight_decay") and recipe.training.optimizer == "adam":
        raise BadRequest(
            f"--weight-decay {values['weight_decay']} has no effect with adam; choose "
            "--optimizer adamw."
        )
    return recipe.base, (Stage("tune", recipe.plan, recipe.training),)


def refuse_unused(
    values: Mapping[str, object], allowed: Collection[str], what: str, *, fixed: bool
) -> None:
    """BadRequest with the first value that a training does not take; `fixed`: a recipe has it."""
    if unused := sorted(set(values) - set(allowed)):
        why = "is fixed in the starter's recipe" if fixed else "has no use there"
        raise BadRequest(
            f"`{unused[0]}` {why}; {what} is trained with {', '.join(sorted(allowed))}."
        )


def with_precision(
    stages: tuple[Stage, ...], bf16: bool | None, place: torch.device
) -> tuple[Stage, ...]:
    """The stages with bfloat16 on or off, as asked for or as the machine is."""
    from reread.compute.precision import pick_bf16
    from trainer.reader.starter.recipe import with_values

    return with_values(stages, bf16=pick_bf16(bf16, place))


def rank_device(device: str, ranks: Ranks) -> torch.device:
    """The device of this process: under torchrun every process has a GPU of its own."""
    import torch

    from reread.compute.devices import pick_device

    place = pick_device(device)
    if ranks.count > 1 and place.type == "cuda":
        return torch.device("cuda", ranks.local)
    return place
