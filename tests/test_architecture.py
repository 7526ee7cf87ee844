"""The import rules, and that importing any module does nothing but define names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("reread", "evaluation", "service", "trainer", "index_builder", "command")
MOST_FILES = 16  # more is a corridor: make rooms
MOST_PARAMETERS, MOST_LINES = 12, 70  # of a function
ONLY = {  # library -> the only places that may import it
    "faiss": ("reread/search/vectors.py",),
    "fastapi": ("service/",),
    "uvicorn": ("service/",),
    "sqlite3": (),
    "pickle": (),
}


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("library", ONLY)
def test_library_is_imported_only_where_it_may(library: str):
    users = [str(path.relative_to(ROOT)) for path in modules() if library in imported_by(path)]
    assert [u for u in users if not u.startswith(ONLY[library] or ("-",))] == []


PROCESSES = {"service", "trainer", "index_builder"}
FORBIDDEN = {package: PROCESSES | {"command"} for package in (*PROCESSES, "reread", "evaluation")}
FORBIDDEN["reread"] |= {"evaluation"}
FORBIDDEN["service"] |= {"evaluation"}
FORBIDDEN["index_builder"] |= {"evaluation"}


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_arrows_between_packages(package: str):
    for path in (ROOT / package).rglob("*.py"):
        assert not imported_by(path) & (FORBIDDEN[package] - {package}), path


@pytest.mark.parametrize("package", (*PACKAGES, "benchmarks", "tests"))
def test_no_folder_is_a_corridor(package: str):
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    crowded = {str(f): n for f in folders if (n := len(list(f.glob("*.py")))) > MOST_FILES}
    assert crowded == {}


@pytest.mark.parametrize("package", (*PACKAGES, "benchmarks", "tests"))
def test_no_function_is_too_wide_or_too_long(package: str):
    """Two commands once had 42 and 41 parameters and half of each file was their signature."""
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count_parameters(node) > MOST_PARAMETERS or count_lines(node) > MOST_LINES)
    ]
    assert found == []


def count_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = node.args
    return len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)


def count_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_environment_is_read_only_by_the_composition_roots():
    readers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert [r for r in readers if not r.startswith("command/") and "__main__" not in r] == []


def test_importing_everything_prints_nothing_and_starts_no_thread():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules()
        if path.name != "__main__.py"
    ]
    program = (
        "import importlib, threading, logging\n"
        f"[importlib.import_module(n) for n in {names!r}]\n"
        "assert not logging.getLogger().handlers, 'logging was configured'\n"
        "names = [t.name for t in threading.enumerate()]\n"
        "assert len(names) == 1, names\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_git_ignores_no_room():
    """`build/` in .gitignore once meant index_builder/build/ too: present here, absent for others.

    An unanchored line ignores a folder of that name anywhere.
    """
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    anywhere = {line.strip("/") for line in lines if not line.startswith("/")}
    rooms = {part for path in modules() for part in path.relative_to(ROOT).parts[:-1]}
    assert not rooms & anywhere
