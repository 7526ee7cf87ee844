"""A setting: its name, type, default and meaning, said once, in the class that uses it.

Knows dataclasses only; flags, the environment, files and docs/settings.md are made from what is
said here, by the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, TypeVar, cast, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a settings class; `default` is MISSING where a value must be given."""

    name: str
    kind: Any  # its type, as annotated
    default: object
    meaning: str
    secret: bool

    @property
    def required(self) -> bool:
        return self.default is MISSING


def setting(default: T, meaning: str, *, secret: bool = False) -> T:
    """A dataclass field with a default; a secret one is shown nowhere."""
    return field(default=default, repr=not secret, metadata={"meaning": meaning, "secret": secret})


def needed(meaning: str) -> Mapping[str, Any]:
    """The metadata of a field that has no default: `field(metadata=needed("..."))`."""
    return {"meaning": meaning, "secret": False}


def settings_of(group: type) -> tuple[Setting, ...]:
    """The settings of a class in order; its fields without a meaning are none (parts, groups)."""
    kinds = get_type_hints(group)
    return tuple(
        Setting(
            one.name, kinds[one.name], one.default, one.metadata["meaning"], one.metadata["secret"]
        )
        for one in fields(group)
        if "meaning" in one.metadata
    )


def names_of(group: type) -> tuple[str, ...]:
    return tuple(one.name for one in settings_of(group))


def changed(group: T, values: Mapping[str, object]) -> T:
    """The group with those of `values` that it has; the others are somebody else's."""
    own = {name: values[name] for name in names_of(type(group)) if name in values}
    return cast(T, replace(cast(Any, group), **own))


def made(group: type[T], values: Mapping[str, object]) -> T:
    """The group of those of `values` that it has, defaults elsewhere."""
    own = {name: values[name] for name in names_of(group) if name in values}
    return cast(Callable[..., T], group)(**own)
