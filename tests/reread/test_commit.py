"""Directories are complete or absent, small files old or new, whatever goes wrong."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from reread import commit
from reread.commit import committed_dir, remove_dir, replace_text, sweep_scratch
from reread.errors import Conflict, StorageFailed
from reread.home import next_number, numbers

ROOT = Path(__file__).resolve().parents[2]


def test_success_appears_whole(tmp_path):
    with committed_dir(tmp_path / "1") as scratch:
        (scratch / "deep").mkdir()
        (scratch / "deep" / "file").write_text("x")
        assert numbers(tmp_path) == []
        assert next_number(tmp_path) == 2  # 1 is being written
    assert (tmp_path / "1" / "deep" / "file").read_text() == "x"
    assert sorted(os.listdir(tmp_path)) == ["1"]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), committed_dir(tmp_path / "1") as scratch:
        (scratch / "file").write_text("x")
        raise RuntimeError
    assert os.listdir(tmp_path) == []


def test_numbers_are_never_reused(tmp_path):
    (tmp_path / "1").mkdir()
    with pytest.raises(Conflict, match="never reused"), committed_dir(tmp_path / "1"):
        pass
    late = committed_dir(tmp_path / "2")
    scratch = late.__enter__()
    (scratch / "mine").write_text("x")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "theirs").write_text("y")
    with pytest.raises(Conflict, match="another process"):
        late.__exit__(None, None, None)
    assert os.listdir(tmp_path / "2") == ["theirs"]


def test_a_sweep_spares_living_writers_and_removes_dead_ones(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from reread.commit import committed_dir\n"
        "with committed_dir(Path(sys.argv[1])) as d:\n"
        "    (d / 'half').write_text('x'); os._exit(137)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "1")], cwd=ROOT, check=False)
    assert (done.returncode, len(os.listdir(tmp_path))) == (137, 1)
    with committed_dir(tmp_path / "2") as scratch:
        sweep_scratch(tmp_path)
        assert os.listdir(tmp_path) == [scratch.name]
    assert numbers(tmp_path) == [2]


def test_a_full_disk_is_a_sentence_and_leaves_the_old_file(tmp_path):
    target = tmp_path / "CURRENT"
    replace_text(target, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageFailed, match="free some space"):
            replace_text(target, "new" * 1000)
        with pytest.raises(StorageFailed), committed_dir(tmp_path / "1") as scratch:
            (scratch / "big").write_bytes(b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (target.read_text(), os.listdir(tmp_path)) == ("old", ["CURRENT"])


def test_a_failed_fsync_discards_the_stage(tmp_path):
    """The disk fails, not our code: only the system call is replaced."""
    real = os.fsync

    def failing(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    os.fsync = failing
    try:
        with pytest.raises(StorageFailed, match="error"), committed_dir(tmp_path / "1") as scratch:
            (scratch / "file").write_text("x")
    finally:
        os.fsync = real
    assert os.listdir(tmp_path) == []


def test_remove_dir_never_shows_half(tmp_path):
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "file").write_text("x")
    remove_dir(tmp_path / "3")
    remove_dir(tmp_path / "3")
    assert os.listdir(tmp_path) == []


def test_other_errors_pass_unchanged(tmp_path):
    with pytest.raises(PermissionError), commit.storage_errors("x"):
        raise PermissionError(errno.EACCES, "no")
