"""Built-in functions, types and C modules -> their docstrings, by looking at the objects.

Imports only modules of the list below, all of which do nothing but define names.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import BuiltinFunctionType, ModuleType
from typing import Any

from command.demo.python_sources import Described

# where people find it -> the C module that holds it
C_MODULES = {
    "builtins": "builtins",
    "array": "array",
    "atexit": "atexit",
    "binascii": "binascii",
    "cmath": "cmath",
    "codecs": "_codecs",
    "collections": "_collections",
    "contextvars": "_contextvars",
    "csv": "_csv",
    "errno": "errno",
    "fcntl": "fcntl",
    "functools": "_functools",
    "gc": "gc",
    "grp": "grp",
    "io": "_io",
    "itertools": "itertools",
    "marshal": "marshal",
    "math": "math",
    "mmap": "mmap",
    "operator": "_operator",
    "os": "posix",
    "pwd": "pwd",
    "queue": "_queue",
    "random": "_random",
    "resource": "resource",
    "select": "select",
    "signal": "_signal",
    "socket": "_socket",
    "struct": "_struct",
    "sys": "sys",
    "time": "time",
    "unicodedata": "unicodedata",
    "warnings": "_warnings",
    "weakref": "_weakref",
    "zlib": "zlib",
}
MEMBERS = (
    BuiltinFunctionType,
    type(str.join),
    type(dict.__dict__["fromkeys"]),
    type(complex.real),
    type(int.__dict__["real"]),
    staticmethod,
)


def describe_builtins() -> Iterator[Described]:
    """Everything public with a docstring, by module, then by name."""
    for public, private in C_MODULES.items():
        try:
            module = importlib.import_module(private)
        except ImportError:  # a platform without it
            continue
        yield from _describe_module(public, module)


def _describe_module(public: str, module: ModuleType) -> Iterator[Described]:
    if public == module.__name__ and public != "builtins" and module.__doc__:
        yield Described(public, "module", "", inspect.cleandoc(module.__doc__), public)
    for name, value in sorted(vars(module).items()):
        if name.startswith("_"):
            continue
        called = name if public == "builtins" else f"{public}.{name}"
        if isinstance(value, type):
            yield from _describe_type(called, value, public)
        elif isinstance(value, BuiltinFunctionType):
            yield from _described(called, "function", value, public)


def _describe_type(called: str, value: type, file: str) -> Iterator[Described]:
    if value.__name__ != called.rpartition(".")[2]:
        return  # another name of the same type, like IOError
    yield from _described(called, "class", value, file)
    for name, member in sorted(vars(value).items()):
        if not name.startswith("_") and isinstance(member, MEMBERS):
            kind = "method" if callable(getattr(value, name)) else "property"
            yield from _described(f"{called}.{name}", kind, getattr(value, name), file)


def _described(called: str, kind: str, value: Any, file: str) -> Iterator[Described]:
    doc = inspect.cleandoc(getattr(value, "__doc__", None) or "")
    if doc:
        yield Described(called, kind, _signature(called, kind, value, doc), doc, file)


def _signature(called: str, kind: str, value: Any, doc: str) -> str:
    """Empty where the docstring begins with one, as many written in C do, or none is known."""
    name = re.escape(called.rpartition(".")[2])
    if kind == "property" or re.match(rf"(?:\w+\.)*{name}\(", doc):
        return ""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return f"class {called}" if kind == "class" else ""
    arguments = [one for one in signature.parameters.values() if one.name not in ("self", "type")]
    text = str(signature.replace(parameters=arguments, return_annotation=inspect.Signature.empty))
    return f"class {called}{text}" if kind == "class" else f"{called}{text}"
