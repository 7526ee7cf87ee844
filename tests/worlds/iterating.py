"""Distillation runs small enough to be killed and compared: a random T5, a random BERT, animals.

`python -m tests.worlds.iterating FOLDER OUTPUT [SETTING=VALUE ...]` is one such run as a process.
"""

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import ByT5Tokenizer, T5Config, T5ForConditionalGeneration

from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir, crash_at
from tests.worlds.tiny import ANIMALS, FILLERS, make_encoder, make_passages
from trainer.iterative.asked_questions import AskedQuestion
from trainer.iterative.iteration import Iterations
from trainer.iterative.run_directory import RunDirectory, open_run
from trainer.iterative.run_source import Source, describe, make_source
from trainer.iterative.settings import ReaderSettings, RunSettings
from trainer.settings import DistilSettings

DISTIL = DistilSettings(epochs=2, learning_rate=3e-3, batch_questions=4, passages_per_question=0)
READER = ReaderSettings(
    steps=6, batch=2, passages=3, learning_rate=3e-3, segment_tokens=96, answer_tokens=4
)


def make_reader(folder: Path, seed: int = 0) -> Path:
    """A random T5 of width 32 over bytes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = T5Config(
            vocab_size=384, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_decoder_layers=2,
            num_heads=4, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
        )  # fmt: skip
        T5ForConditionalGeneration(config).save_pretrained(folder)
    ByT5Tokenizer().save_pretrained(folder)
    return folder


def make_world(folder: Path) -> Path:
    """Corpus, reader and encoder that every run below reads."""
    if not folder.exists():
        make_reader(folder / "reader")
        make_encoder(folder / "encoder")
        with committed_dir(folder / "corpus") as scratch:
            PassageStore.create(scratch, make_passages())
    return folder


def make_asked(count: int, *, first: int = 0, gold: bool = True) -> list[AskedQuestion]:
    """Who is asked for is in the question; the answer is the animal."""
    asked = []
    for number in range(first, first + count):
        animal, filler = ANIMALS[number % 10], FILLERS[number * 7 % 10]
        ids = (f"{animal}-{number % 10}",) if gold else ()
        label = LabelledQuestion(str(number), f"where is the {filler} {animal}", (animal,), ids)
        asked.append(AskedQuestion(label, document=animal))
    return asked


def make_settings(world: Path, **changes: Any) -> RunSettings:
    changes = {
        "encoder": str(world / "encoder"), "reader": READER, "distil": DISTIL, "iterations": 1,
        "depth": 5, **changes,
    }  # fmt: skip
    if changes["reader"].base is None:
        changes["reader"] = replace(changes["reader"], base=str(world / "reader"))
    return RunSettings(**changes)


def source_of(world: Path, settings: RunSettings, output: Path, *, gold: bool = True) -> Source:
    train, validation = make_asked(8, gold=gold), make_asked(4, first=8, gold=gold)
    store = PassageStore.open(world / "corpus")
    return make_source(train, validation, store, settings, output / "given")


def run(world: Path, output: Path, *, gold: bool = True, **changes: Any) -> RunDirectory:
    """A whole run, or what is left of it."""
    settings = make_settings(world, **changes)
    source = source_of(world, settings, output, gold=gold)
    with open_run(output, describe(source, settings)) as opened:
        Iterations(opened, source, settings, reach=crash_at(os.environ)).go()
    return opened


def results_of(output: Path) -> dict[str, str]:
    """sha256 of every artefact, and of every record without its seconds."""
    found = {}
    for path in sorted(output.glob("iteration-*/**/*")):
        if path.is_file():
            name = path.relative_to(output).as_posix()
            if path.suffix == ".json" and path.name in ("step.json", "metrics.json"):
                body = _timeless(json.loads(path.read_text()))
                data = json.dumps(body, sort_keys=True).encode()
            else:
                data = path.read_bytes()
            found[name] = hashlib.sha256(data).hexdigest()
    return found


def _timeless(body: Any) -> Any:
    if isinstance(body, list):
        return [_timeless(one) for one in body]
    if not isinstance(body, dict):
        return body
    timed = ("seconds", "questions_per_s", "passages_per_s")
    return {key: _timeless(value) for key, value in body.items() if key not in timed}


if __name__ == "__main__":
    torch.set_num_threads(1)
    world_folder, output_folder, *given = sys.argv[1:]
    values = {name: json.loads(text) for name, text in (one.split("=", 1) for one in given)}
    steps = values.pop("reader_steps", READER.steps)
    run(Path(world_folder), Path(output_folder), reader=replace(READER, steps=steps), **values)
