"""A home with a guarded passage, and two keys: "open" holds no label, "hr" holds its label."""

from pathlib import Path

import pytest

from reread.home import Home
from service.http.key_file import KeyFile
from tests.service.routes.rights.guarded import guarded_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return guarded_home(tmp_path)


@pytest.fixture
def keys(home: Home) -> dict[str, str]:
    file = KeyFile(home.keys_file)
    return {"open": file.add("open", "query", 0.0), "hr": file.add("hr", "query", 0.0, ["hr"])}
