"""`reread train-reader` for language models: the starter by its recipe, or one of your own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from command.settings import Settings
from command.train_reader.data import RETRIEVED, ReaderFiles, gather
from command.train_reader.plan import refuse_unused
from reread.errors import BadRequest

if TYPE_CHECKING:
    from trainer.reader.causal.recipe import CausalStage
    from trainer.reader.drawing.examples import ReadingExample

FIXED = frozenset({"log_every", "save_every", "seed"})  # all that the recipe leaves open
OPEN = FIXED | {
    "steps", "learning_rate", "warmup_steps", "weight_decay", "clip", "beta2", "passage_weight",
}  # fmt: skip
STEPS = 200  # of a model of one's own, where nobody said


def trains_causal(files: ReaderFiles) -> bool:
    """Whether a language model is asked for; BadRequest where two different things are."""
    from trainer.reader.causal.loading import is_causal_base

    asked = [
        name
        for name, given in (
            ("--starter", files.starter), ("--starter-causal", files.starter_causal),
            ("--starter-small", files.starter_small), ("--base", files.base),
            ("--preset", files.preset),
        )
        if given
    ]  # fmt: skip
    if len(asked) > 1 and (files.starter or files.starter_causal or files.starter_small):
        raise BadRequest(f"{' and '.join(asked)} name two readers to train; give one of them.")
    causal = is_causal_base(files.base)
    if causal and files.pointing:
        raise BadRequest(
            f"{files.base} is a language model, which copies its answers as it is; --pointing is "
            "for T5 and BART."
        )
    return files.starter_causal or causal


def train_causal_reader(
    files: ReaderFiles,
    settings: Settings,
    values: Mapping[str, object],
    console: Console,
    environment: Mapping[str, str],
) -> None:
    """Train all stages and write the reader to --output; an interrupted run goes on from there."""
    from reread.compute.devices import pick_device
    from reread.compute.precision import pick_bf16
    from trainer.reader.causal.loading import load_causal_base, load_starter_base
    from trainer.reader.causal.recipe import (
        run_causal_stages,
        save_causal_reader,
        with_values,
    )

    if int(environment.get("WORLD_SIZE", "1")) > 1:
        raise BadRequest(
            "A language model is trained in one process; start the command without torchrun."
        )
    sets = read_all(files, settings, console)
    stages = causal_stages(files, sorted(sets), values)
    place = pick_device(settings.machine.device)
    stages = with_values(stages, bf16=pick_bf16(files.bf16, place), compiled=files.compiled)
    model, tokenizer = load_causal_base(files.base) if files.base else load_starter_base()
    model.to(place)
    heads = run_causal_stages(
        model, tokenizer, stages, sets, folder=files.output,
        report=lambda stage, line: console.print(f"{stage}: {as_line(line)}"),
    )  # fmt: skip
    save_causal_reader(model, tokenizer, heads, files.output)
    console.print(f"The reader is in {files.output}; use it with REREAD_READER={files.output}.")


def causal_stages(
    files: ReaderFiles, names: list[str], values: Mapping[str, object]
) -> tuple[CausalStage, ...]:
    """The recipe's stages, or one of the values given; BadRequest for a value that has no use."""
    from trainer.reader.causal.recipe import (
        STARTER_STAGES,
        plain_stage,
        require_sets,
        with_values,
    )
    from trainer.reader.causal.settings import CausalTraining

    refuse_unused(
        values, FIXED if files.starter_causal else OPEN, "a language model",
        fixed=files.starter_causal,
    )  # fmt: skip
    if not files.starter_causal:
        given = {"steps": STEPS, **values}
        return (plain_stage(names, CausalTraining(**given)),)  # type: ignore[arg-type]
    require_sets(STARTER_STAGES, names)
    seed = int(str(values.get("seed", 0)))
    rest = {name: value for name, value in values.items() if name != "seed"}
    seeded = [
        replace(stage, training=replace(stage.training, seed=stage.training.seed + seed))
        for stage in STARTER_STAGES
    ]
    return with_values(seeded, **rest)


def read_all(
    files: ReaderFiles, settings: Settings, console: Console
) -> dict[str, list[ReadingExample]]:
    """Every file's questions under its name: training questions as they are, else as for T5."""
    from trainer.reader.drawing.examples import (
        holds_reading_examples,
        of_reader_examples,
        read_reading_examples,
    )

    found: dict[str, list[ReadingExample]] = {}
    for path in files.questions:
        if path.stem in found:
            raise BadRequest(f"Two files are called {path.stem}; rename one of them.")
        if holds_reading_examples(path):
            found[path.stem] = read_reading_examples(path)
            continue
        retrieve = files.retrieve or RETRIEVED
        gathered = gather([path], settings, files.split, retrieve, console, keep_all=False)
        found[path.stem] = of_reader_examples(gathered)
        if not found[path.stem]:
            raise BadRequest(f"{path} has no question whose answer stands in a passage.")
    return found


def as_line(line: Mapping[str, float]) -> str:
    """Progress as JSON; the rate in full, the rest rounded."""
    return json.dumps({k: v if k == "rate" else round(v, 3) for k, v in line.items()})
