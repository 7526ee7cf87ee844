"""`reread train-reader` for readers that point: the starter by its recipe, or one of your own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console

from command.settings import Settings
from command.train_reader.causal import as_line, read_all
from command.train_reader.data import ReaderFiles
from command.train_reader.plan import refuse_unused
from reread.errors import BadRequest

OPEN = frozenset({"log_every", "save_every", "seed"})
OWN = OPEN | {"steps", "learning_rate", "warmup_steps", "weight_decay", "clip", "passage_weight",
              "dropout"}  # fmt: skip


def trains_pointing(files: ReaderFiles) -> bool:
    """Whether a pointing reader is asked for; BadRequest where its base is missing."""
    if files.pointing and not files.base:
        raise BadRequest(
            "--pointing teaches a reader to point and needs the reader to begin from; give --base "
            "FOLDER, or --starter for the starter's own."
        )
    return files.starter or files.pointing


def train_pointing_reader(
    files: ReaderFiles, settings: Settings, values: Mapping[str, object], console: Console
) -> None:
    """Train and write the reader to --output; an interrupted run goes on from there."""
    from reread.compute.devices import pick_device
    from reread.compute.precision import pick_bf16
    from reread.reader.loading import SMALL_STARTER, reader_folder
    from trainer.reader.drawing.examples import STARTER_MIX
    from trainer.reader.pointing.line_ends import give_line_ends
    from trainer.reader.pointing.recipe import (
        OWN_STAGES,
        STARTER_STAGES,
        load_pointing_base,
        run_pointing,
    )

    allowed = OPEN if files.starter else OWN
    refuse_unused(values, allowed, "a pointing reader", fixed=files.starter)
    renamed = {"encoder_rate" if name == "learning_rate" else name: one
               for name, one in values.items()}  # fmt: skip
    place = pick_device(settings.machine.device)
    changed: dict[str, Any] = {**renamed, "bf16": pick_bf16(files.bf16, place)}
    stages = [replace(one, training=replace(one.training, **changed))
              for one in (STARTER_STAGES if files.starter else OWN_STAGES)]  # fmt: skip
    sets = read_all(files, settings, console)
    mix = STARTER_MIX if files.starter else dict.fromkeys(sorted(sets), 1.0)
    base = files.base or reader_folder(SMALL_STARTER)
    model, tokenizer = load_pointing_base(base, stages[0].training.seed)
    give_line_ends(model.reader, tokenizer)
    model.to(place)
    run_pointing(
        model, tokenizer, sets, mix, stages, folder=files.output,
        report=lambda line: console.print(f"point: {as_line(line)}"),
    )  # fmt: skip
    console.print(f"The reader is in {files.output}; use it with REREAD_READER={files.output}.")
