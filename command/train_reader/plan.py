"""What `reread train-reader` will do: presets and flags made into stages, a device, a precision."""

from __future__ import annotations

from typing import Any

from command.settings import Settings
from command.train_reader.data import plain_texts
from reread.errors import BadRequest


def plan_stages(
    preset: str | None, base: str | None, tuning: dict[str, Any], anywhere: dict[str, Any]
) -> tuple[str | None, tuple[Any, ...]]:
    """The checkpoint to begin from (None: the untrained starter) and the stages to train."""
    from trainer.reader.presets import override, preset_named
    from trainer.reader.starter.recipe import STARTER_STAGES, Stage, with_values

    recipe = preset_named(preset)
    if base is None and preset is None:
        given = [name for name, value in tuning.items() if value is not None]
        if given:
            raise BadRequest(
                f"`{given[0]}` is fixed in the starter reader's stages; give --base or --preset "
                "to train with values of your own."
            )
        values = {name: value for name, value in anywhere.items() if value is not None}
        return None, with_values(STARTER_STAGES, **values)
    recipe = override(recipe, base=base, **tuning, **anywhere)
    if tuning["weight_decay"] and recipe.training.optimizer == "adam":
        raise BadRequest(
            f"--weight-decay {tuning['weight_decay']} has no effect with adam; choose "
            "--optimizer adamw."
        )
    return recipe.base, (Stage("tune", recipe.plan, recipe.training),)


def with_precision(stages: tuple[Any, ...], bf16: bool | None, place: Any) -> tuple[Any, ...]:
    """The stages with bfloat16 on or off, as asked for or as the machine is."""
    from reread.compute.precision import pick_bf16
    from trainer.reader.starter.recipe import with_values

    return with_values(stages, bf16=pick_bf16(bf16, place))


def texts_for(stages: tuple[Any, ...], settings: Settings, wanted: bool) -> list[Any]:
    """Passages for cloze questions; BadRequest when they are asked for without --texts."""
    mixes = [stage.plan.mix for stage in stages]
    if (
        not wanted
        and stages[0].name == "tune"
        and any(mix.cloze_share or mix.continue_share for mix in mixes)
    ):
        raise BadRequest(
            f"A cloze share of {mixes[0].cloze_share} needs plain text; add --texts and --home."
        )
    return plain_texts(settings) if wanted else []


def rank_device(device: str, ranks: Any) -> Any:
    """The device of this process: under torchrun every process has a GPU of its own."""
    import torch

    from reread.compute.devices import pick_device

    place = pick_device(device)
    if ranks.count > 1 and place.type == "cuda":
        return torch.device("cuda", ranks.local)
    return place
