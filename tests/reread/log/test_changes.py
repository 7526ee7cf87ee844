"""The change list against a plain dictionary, and against what is left on disk."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from reread.log.changes import ChangeList, Edit
from reread.records import Passage

CANARY = "kanarienvogel-7731"


def passages(document: str, *texts: str) -> tuple[Passage, ...]:
    ids = [document, *(f"{document}.{number}" for number in range(1, len(texts)))]
    return tuple(Passage(id, "t", text, "s") for id, text in zip(ids, texts, strict=True))


@pytest.fixture
def changes(tmp_path: Path):
    opened = ChangeList(tmp_path / "changes.db")
    yield opened
    opened.close()


def test_each_document_once_with_its_newest_state_as_a_dictionary_would_have_it(changes):
    draw, plain, drops, last = random.Random(3), {}, {}, 0
    for step in range(300):
        document = f"d{draw.randrange(20)}"
        texts = [f"{step} {n}" for n in range(draw.randrange(4))]
        held = passages(document, *texts) if texts else ()
        drops.setdefault(document, set()).update(one.id for one in plain.pop(document, ()))
        plain[document] = held  # a dictionary keeps the order of the last insertion
        sequence = changes.append([Edit(document, held)], float(step))
        assert sequence > last
        last = sequence
    found = changes.since(0)
    assert [(one.document, tuple(p.passage for p in one.passages)) for one in found] == list(
        plain.items()
    )
    assert {one.document: one.drops for one in found} == drops
    assert changes.last_sequence() == found[-1].sequence == last == 300


def test_numbers_of_passages_are_never_used_again(changes):
    changes.append([Edit("a", passages("a", "one", "two"))], 0.0)
    first = {one.number for one in changes.since(0)[0].passages}
    changes.append([Edit("a", passages("a", "three"))], 1.0)
    changes.append([Edit("a")], 2.0)
    changes.append([Edit("a", passages("a", "four"))], 3.0)
    [now] = changes.since(0)
    assert len(first) == 2 and now.passages[0].number > max(first) + 1
    assert now.drops == {"a", "a.1"}


def test_the_end_of_the_list_does_not_go_back_when_rows_go(changes):
    changes.append([Edit("a", passages("a", "x")), Edit("b", passages("b", "y"))], 0.0)
    end = changes.last_sequence()
    changes.prune(end)
    assert changes.since(0) == [] and changes.last_sequence() == end


def test_a_removal_stays_until_the_log_has_forgotten_it(changes):
    end = changes.append([Edit("a", (), ("a", "a.1"))], 0.0)
    changes.prune(end)
    [due] = changes.unforgotten()
    assert (due.document, due.drops, due.removed) == ("a", {"a", "a.1"}, True)
    changes.mark_forgotten([due.sequence])
    changes.prune(end)
    assert changes.unforgotten() == changes.since(0) == []


def test_two_processes_see_one_list(changes, tmp_path: Path):
    other = ChangeList(tmp_path / "changes.db")
    end = changes.append([Edit("a", passages("a", "x"))], 0.0)
    assert other.last_sequence() == end
    assert other.removed_since(0) == {"a"} and other.removed_since(end) == frozenset()
    other.close()


def test_no_byte_of_a_removed_text_is_left_after_compact(changes, tmp_path: Path):
    long = f"{CANARY} " * 3000  # over several pages
    changes.append([Edit("a", passages("a", long)), Edit("b", passages("b", "stays"))], 0.0)
    assert on_disk(tmp_path)
    changes.append([Edit("a")], 1.0)
    assert changes.compact()
    assert not on_disk(tmp_path)
    assert [one.document for one in changes.since(0)] == ["b", "a"]


def test_an_appended_change_survives_a_kill_and_half_an_append_is_none(tmp_path: Path):
    script = (
        "import os,sys;from pathlib import Path;"
        "from reread.log.changes import ChangeList, Edit;from reread.records import Passage;"
        f"c=ChangeList(Path({str(tmp_path / 'changes.db')!r}));"
        "c.append([Edit('a',(Passage('a','','x'),))],0.0);"
        "bad=Passage('b','',None);"
        "import contextlib\n"
        "with contextlib.suppress(Exception): c.append([Edit('a'),Edit('b',(bad,))],0.0)\n"
        "os._exit(137)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 137
    reopened = ChangeList(tmp_path / "changes.db")
    assert [(one.document, len(one.passages)) for one in reopened.since(0)] == [("a", 1)]
    reopened.close()


def on_disk(folder: Path) -> bool:
    return any(CANARY.encode() in one.read_bytes() for one in folder.iterdir())
