"""Which libraries a process has loaded once it has done its work: each costs whoever starts it.

On one core torch takes 1.5 s, transformers' models 3 s more, mcp 0.9 s, and so on; a process that
loads one of them for nothing is slow for people, and the suite starts hundreds.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from command.__main__ import run
from reread.home import Home

ROOT = Path(__file__).parent.parent
MODELS = {"torch", "transformers.modeling_utils", "sympy"}
SEARCH = {"faiss", "bm25s", "scipy"}
HEAVY = MODELS | SEARCH | {"transformers", "mcp", "matplotlib", "redis"}
WEB = {"fastapi", "starlette", "uvicorn", "httpx2"}
ROWS = {"numpy", "pyarrow"}


def loaded_of(among: set[str], program: str, *arguments: str) -> set[str]:
    """Those of `among` that a process has loaded at the end of this program."""
    program += f"\nimport sys\nprint('LOADED', *sorted({among!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, *names = done.stdout.splitlines()[-1].split()
    assert first == "LOADED"
    return set(names)


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("service.app", HEAVY),  # its values once lived beside the reader's model
        ("command.__main__", HEAVY | WEB | ROWS),  # `reread --help` once loaded all of WEB and ROWS
        ("service.server", MODELS | {"transformers", "mcp"}),  # whoever serves words needs none
        ("index_builder.__main__", MODELS | {"transformers", "faiss"}),
        ("reread.client", HEAVY | ROWS | (WEB - {"httpx2"})),
        ("reread.reader.sight", MODELS - {"torch"}),
        ("trainer.loop.process", HEAVY),  # a trainer with no job held 400 MB
    ],
)
def test_importing_loads_no_library_that_only_some_of_its_users_need(
    module: str, absent: set[str]
) -> None:
    assert loaded_of(absent, f"import {module}") == set()


COMMAND = "import sys\nfrom command.__main__ import run\nassert run(sys.argv[1:]) == 0"
VERIFY = "import sys\nfrom index_builder.__main__ import main\nassert main(sys.argv[1:]) == 0"


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a generation that is searched by words."""
    folder = tmp_path_factory.mktemp("lexical")
    page, home = folder / "page.md", Home(folder / "home")
    page.write_text("# Rivers\n\nThe Seine runs through Paris. It is long.\n", encoding="utf-8")
    assert run(["ingest", str(page), "--home", str(home.root)]) == 0
    assert run(["build", "--home", str(home.root)]) == 0
    return home


def test_ingesting_loads_a_tokenizer_and_no_model(tmp_path: Path) -> None:
    """It took 5 s of the processor before it looked at a file, 3 of them for models' classes."""
    (tmp_path / "page.md").write_text("# Rivers\n\nThe Seine is long.\n", encoding="utf-8")
    given = ("ingest", str(tmp_path / "page.md"), "--home", str(tmp_path / "home"))
    none = (HEAVY | WEB) - {
        "torch",
        "transformers",
        "httpx2",
    }  # which transformers' tokenizer takes
    assert loaded_of(none, COMMAND, *given) == set()


def test_building_for_search_by_words_loads_no_model(lexical: Home) -> None:
    """`reread build` took 14 s of the processor, builder and verifying child together."""
    home = str(lexical.root)
    none = MODELS | {"transformers", "faiss", "mcp", "matplotlib"}
    assert loaded_of(none, COMMAND, "build", "--home", home) == set()
    assert loaded_of(none, VERIFY, "verify", str(lexical.generations_dir / "2")) == set()


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["status"], HEAVY - {"torch", "transformers"}),  # a tokenizer says what the reader sees
        (["documents"], HEAVY),
        (["check"], HEAVY),
        (["keys", "list"], HEAVY),
    ],
)
def test_looking_at_a_home_loads_no_model(
    lexical: Home, words: list[str], absent: set[str]
) -> None:
    assert loaded_of(absent, COMMAND, *words, "--home", str(lexical.root)) == set()
