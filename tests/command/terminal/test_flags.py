"""Flags are made of settings classes: names, defaults, switches, lists, and who decides."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import typer

from command.terminal.flags import Flags, Given, add_command
from reread.settings import needed, setting


@dataclass(frozen=True, slots=True)
class Cooking:
    dish: Path = field(metadata=needed("What is made."))
    cooks: int = setting(2, "How many cooks.")
    is_hot: bool = setting(True, "Served hot.")
    is_sweet: bool = setting(False, "Sugar in it.")
    herbs: tuple[str, ...] = setting(("basil", "dill"), "Comma-separated.")
    salt: float | None = setting(None, "Grams.")
    size: Literal["small", "large"] = setting("small", "Of the portion.")
    plates: list[str] | None = setting(None, "Repeatable.")
    made_of: str = "nothing to be set"


def cook(flags: Flags[Cooking], *arguments: str) -> tuple[Given, list[Given]]:
    seen: list[Given] = []
    app = typer.Typer()

    def work(given: Given) -> None:
        """Cook."""
        seen.append(given)

    add_command(app, "cook", work, [flags])
    app(args=list(arguments), standalone_mode=False)
    return seen[0], seen


def test_what_is_not_given_is_the_classes_own() -> None:
    flags = Flags(Cooking)
    given, _ = cook(flags, "--dish", "soup")
    assert given.of(flags) == Cooking(Path("soup"))


def test_every_kind_of_value_comes_as_its_type() -> None:
    flags = Flags(Cooking, spelled={"cooks": "--hands", "is_hot": "--hot/--cold"})
    given, _ = cook(
        flags, "--dish", "pie", "--hands", "3", "--cold", "--is-sweet", "--herbs", "a, b,",
        "--salt", "1", "--size", "large", "--plates", "x", "--plates", "y",
    )  # fmt: skip
    wanted = Cooking(Path("pie"), 3, False, True, ("a", "b"), 1.0, "large", ["x", "y"])
    assert given.of(flags) == wanted


def test_an_optional_flag_that_is_not_given_leaves_the_decision_to_others() -> None:
    flags = Flags(Cooking, optional=True)  # `dish` is needed, and others may have it
    assert cook(flags)[0].named(flags) == {}
    given, _ = cook(flags, "--no-is-hot", "--cooks", "2", "--no-is-sweet")
    assert given.named(flags) == {"is_hot": False, "cooks": 2, "is_sweet": False}


@pytest.mark.parametrize(
    "arguments",
    [["--dish", "x", "--cooks", "many"], [], ["--dish", "x", "--made-of", "y"],
     ["--dish", "x", "--size", "huge"]],
)  # fmt: skip
def test_what_is_wrong_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(Exception) as raised:
        cook(Flags(Cooking), *arguments)
    assert getattr(raised.value, "exit_code", None) == 2
