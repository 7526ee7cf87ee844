"""Flags of the command line made from settings classes: a name, type, default and help said once.

Knows Typer and `reread.settings`; does not know what any setting is for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

import typer

from reread.settings import Setting, made, settings_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flags(Generic[T]):
    """The flags of one settings class.

    `only` or `without` choose among its settings, `spelled` has the flags that are not called like
    their field. With `optional` a flag that is not given has no value, so that the environment, a
    file or a preset can decide; else it has the class's default.
    """

    group: type[T]
    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    spelled: Mapping[str, str] = field(default_factory=dict)
    panel: str | None = None
    optional: bool = False

    def settings(self) -> list[Setting]:
        return [
            one
            for one in settings_of(self.group)
            if one.name not in self.without and (self.only is None or one.name in self.only)
        ]

    def parameters(self) -> list[inspect.Parameter]:
        """What Typer reads of a function, a keyword per flag."""
        return [self._parameter(one) for one in self.settings()]

    def named(self, values: Mapping[str, object]) -> dict[str, object]:
        """Setting names to the values that were given or have a default."""
        found = {one.name: _value(one, values[self._key(one)]) for one in self.settings()}
        if not self.optional:
            return found
        return {name: value for name, value in found.items() if value is not None}

    def _parameter(self, one: Setting) -> inspect.Parameter:
        kind: Any = str if one.kind == tuple[str, ...] else one.kind
        default: Any = ",".join(one.default) if isinstance(one.default, tuple) else one.default
        if self.optional:
            kind, default = kind | None, None
        option = typer.Option(
            self._declaration(one), help=one.meaning, rich_help_panel=self.panel,
        )  # fmt: skip
        return inspect.Parameter(
            self._key(one),
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if one.required and not self.optional else default,
            annotation=Annotated[kind, option],
        )

    def _declaration(self, one: Setting) -> str:
        """`--name`, with its opposite where it may have to be said.

        >>> Flags(object)._declaration(Setting("top_k", int, 3, "", False))
        '--top-k'
        """
        if one.name in self.spelled:
            return self.spelled[one.name]
        flag = one.name.replace("_", "-")
        is_switch = one.kind in (bool, bool | None)
        is_off = one.default is False and not self.optional
        return f"--{flag}/--no-{flag}" if is_switch and not is_off else f"--{flag}"

    def _key(self, one: Setting) -> str:
        return self._declaration(one).split("/")[0].lstrip("-").replace("-", "_")


class Given:
    """What was given to a command, by flag; handed out a settings class at a time."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def of(self, flags: Flags[T]) -> T:
        """An object of the class, checked by it."""
        return made(flags.group, self.named(flags))

    def named(self, flags: Flags[T]) -> dict[str, object]:
        return flags.named(self._values)


def add_command(
    app: typer.Typer,
    name: str,
    work: Callable[[Given], int | None],
    groups: Sequence[Flags[Any]],
) -> None:
    """Make `work` a subcommand with the flags of all groups; its docstring is the help."""

    def call(**values: object) -> int | None:
        return work(Given(values))

    parameters = [one for group in groups for one in group.parameters()]
    call.__doc__ = work.__doc__
    call.__annotations__ = {one.name: one.annotation for one in parameters}
    setattr(call, "__signature__", inspect.Signature(parameters))  # noqa: B010 - not in its type
    app.command(name)(call)


def _value(one: Setting, value: object) -> object:
    """A tuple of names is one text on the command line."""
    if one.kind == tuple[str, ...] and isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value
