"""Python source files -> the docstrings of their public modules, classes and functions.

Parses and never imports, so no module's code runs. Knows packages, re-exports and signatures; knows
nothing about passages. A thing is called by the name people import it under.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PRIVATE_PARTS = frozenset(
    str.split(
        "test tests idle_test idlelib lib2to3 turtledemo ensurepip pydoc_data site-packages "
        "dist-packages lib-dynload __pycache__ encodings distutils antigravity this ntpath "
        "nturl2path sre_compile sre_constants sre_parse pydoc __phello__ __hello__ venv"
    )
)
RENAMED = {"posixpath": "os.path", "genericpath": "os.path"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Exports = dict[tuple[str, str], str]  # (module, name) -> the public module that passes it on


@dataclass(frozen=True, slots=True)
class Described:
    """Something with a docstring; `signature` is empty for modules and properties."""

    name: str
    kind: str  # module, class, function, method or property
    signature: str
    doc: str
    file: str  # relative to the library's folder


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    file: str
    tree: ast.Module
    is_package: bool


def describe_library(folder: Path) -> Iterator[Described]:
    """Everything public with a docstring below `folder`, by file name, in source order."""
    modules = list(_read_modules(folder))
    exports = _find_exports(modules)
    for module in modules:
        yield from _describe_module(module, exports)


def _read_modules(folder: Path) -> Iterator[_Module]:
    for path in sorted(folder.rglob("*.py")):
        relative = path.relative_to(folder)
        parts = relative.with_suffix("").parts
        if PRIVATE_PARTS & set(parts) or parts[0].startswith(("config-", "_sysconfigdata")):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes in old sources
                tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        yield _Module(name, relative.as_posix(), tree, is_package)


def _find_exports(modules: Sequence[_Module]) -> Exports:
    """Names that a package takes from its parts, and a public module from a private one."""
    names = {module.name: _public_names(module.tree) for module in modules}
    exports: Exports = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            origin = _origin(module, node)
            star = node.names[0].name == "*"
            own_part = origin.startswith(f"{module.name}.")
            if origin in names and (own_part or (star and origin.startswith("_"))):
                taken = names[origin] if star else {alias.name for alias in node.names}
                for name in taken:
                    exports.setdefault((origin, name), module.name)
    return exports


def _origin(module: _Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    parts = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*parts, *(node.module or "").split(".")]).strip(".")


def _public_names(tree: ast.Module) -> set[str]:
    listed: set[str] = set()
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == "__all__" and isinstance(node, ast.Assign):
            for constant in ast.walk(node.value):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    listed.add(constant.value)
    return listed or {
        node.name for node in _definitions(tree.body) if not node.name.startswith("_")
    }


def _describe_module(module: _Module, exports: Exports) -> Iterator[Described]:
    private = any(part.startswith("_") for part in module.name.split("."))
    name = RENAMED.get(module.name, module.name)
    doc = ast.get_docstring(module.tree)
    if doc and not private and module.name not in RENAMED:
        yield Described(name, "module", "", doc, module.file)
    for node in _definitions(module.tree.body):
        exporter = exports.get((module.name, node.name))
        if node.name.startswith("_") or (private and exporter is None):
            continue
        yield from _describe(node, exporter or name, module.file)


def _definitions(body: Sequence[ast.stmt]) -> Iterator[Function | ast.ClassDef]:
    """Also those under `if` and `try`."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _definitions(node.body)
            yield from _definitions(node.orelse)
            for handler in getattr(node, "handlers", ()):
                yield from _definitions(handler.body)


def _describe(node: Function | ast.ClassDef, owner: str, file: str) -> Iterator[Described]:
    name = f"{owner}.{node.name}"
    if isinstance(node, ast.ClassDef):
        yield from _describe_class(node, name, file)
    elif doc := ast.get_docstring(node):
        yield Described(name, "function", f"{name}({ast.unparse(node.args)})", doc, file)


def _describe_class(node: ast.ClassDef, name: str, file: str) -> Iterator[Described]:
    methods = [one for one in _definitions(node.body) if not isinstance(one, ast.ClassDef)]
    start = next((one for one in methods if one.name == "__init__"), None)
    signature = f"class {name}({_arguments(start)})" if start else f"class {name}"
    docs = [ast.get_docstring(node) or "", (start and ast.get_docstring(start)) or ""]
    doc = "\n\n".join(dict.fromkeys(text for text in docs if text))
    if doc:
        yield Described(name, "class", signature, doc, file)
    for method in methods:
        doc = ast.get_docstring(method) or ""
        if doc and not method.name.startswith("_"):
            called = f"{name}.{method.name}"
            if _is_property(method):
                yield Described(called, "property", "", doc, file)
            else:
                yield Described(called, "method", f"{called}({_arguments(method)})", doc, file)


def _is_property(method: Function) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in method.decorator_list)


def _arguments(method: Function) -> str:
    """As the caller sees them: without self or cls."""
    static = any(ast.unparse(one) == "staticmethod" for one in method.decorator_list)
    arguments = method.args
    first = arguments.posonlyargs or arguments.args
    if first and not static:
        first.pop(0)
    return ast.unparse(arguments)
