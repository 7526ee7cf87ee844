"""Writes docs/settings.md: every setting of every process, from the classes that hold them.

`python -m tests.settings_page` (`make settings`) writes the page; tests/test_docs.py holds it.
"""

from collections.abc import Iterable
from typing import Any

from command.settings import GROUPS, MachineSettings, known_settings
from reread.settings import Setting, settings_of
from service.settings import ServiceSettings
from tests.tree import ROOT
from trainer.iterative.settings import ReaderSettings, RunSettings
from trainer.reader.settings import ReaderTraining, ReadingPlan, TaskMix
from trainer.settings import DistilSettings, GateSettings, TrainerSettings
from trainer.teacher.training_settings import CrossTraining

PAGE = ROOT / "docs" / "settings.md"
OPENING = """# Settings

Flags, then environment, then `reread.toml` in the home, then defaults. Unknown names are errors, \
values are checked before anything starts. `top_k` below is `--top-k` as a flag, `REREAD_TOP_K` in \
the environment and `top_k = 10` in the file. Lists are comma-separated in the environment. \
`reread serve` hands everything but the keys to its trainer. `make settings` writes this page from \
the classes in the code.
"""
ROOMS = {
    MachineSettings: ("The machine and its models", "`command/settings.py`; for every command."),
    ServiceSettings: (
        "The service",
        "`service/settings.py`; flags of `reread serve`, but for keys.",
    ),
    DistilSettings: (
        "Teaching the retriever",
        "`trainer/settings.py`; flags of `reread retrain` and `reread distill`, parameters of "
        "`POST /admin/retrain`.",
    ),
    GateSettings: ("The gate", "`trainer/settings.py`; parameters of `POST /admin/retrain`."),
    TrainerSettings: (
        "A retraining",
        "`trainer/settings.py`; flags of `reread retrain`, parameters of `POST /admin/retrain`.",
    ),
}
COMMANDS = {
    RunSettings: ("`reread distill`", "`trainer/iterative/settings.py`; flags only."),
    ReaderSettings: (
        "`reread distill`, its reader",
        "`trainer/iterative/settings.py`; `--reader-...` where the name would say nothing alone.",
    ),
    ReadingPlan: ("`reread train-reader`", "`trainer/reader/settings.py`; a preset may differ."),
    TaskMix: ("`reread train-reader`, its tasks", "`trainer/reader/settings.py`."),
    ReaderTraining: ("`reread train-reader`, its loop", "`trainer/reader/settings.py`."),
    CrossTraining: ("`reread train-teacher`", "`trainer/teacher/training_settings.py`."),
}


def page() -> str:
    parts = [_section(group, *ROOMS[group], _own(group)) for group in GROUPS]
    parts += [_section(group, *words, settings_of(group)) for group, words in COMMANDS.items()]
    return "\n".join([OPENING, *parts])


def _own(group: type) -> list[Setting]:
    """Settings that no earlier group has: `device` is one for all."""
    names = list(known_settings())
    earlier = {n for other in GROUPS[: GROUPS.index(group)] for n in _names(other)}
    return [one for one in settings_of(group) if one.name in names and one.name not in earlier]


def _names(group: type) -> list[str]:
    return [one.name for one in settings_of(group)]


def _section(group: type, title: str, where: str, settings: Iterable[Setting]) -> str:
    rows = [f"| `{one.name}` | {_default(one)} | {one.meaning} |" for one in settings]
    head = ["| setting | default | meaning |", "| --- | --- | --- |"]
    return "\n".join([f"## {title}", "", where, "", *head, *rows, ""])


def _default(one: Setting) -> str:
    if one.required:
        return "needed"
    value: Any = one.default
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(value)
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
