"""The passage store gives back what went in, finds ids, and refuses damage."""

import os
import time
from pathlib import Path

import pytest

from reread.artefacts.passages import PassageStore, content_hash, newest_corpus
from reread.errors import BadRequest, CorruptArtefact, NoCorpus
from reread.home import Home
from reread.records import Passage


def test_rows_ids_and_batches_match_the_list(tmp_path, twelve_passages):
    store = PassageStore.create(tmp_path, twelve_passages)
    assert [store[row] for row in range(len(store))] == twelve_passages
    assert store.get([3, 3, 0]) == [twelve_passages[3], twelve_passages[3], twelve_passages[0]]
    assert [store.row_of(one.id) for one in twelve_passages] == list(range(12))
    assert store.row_of("nobody") is None
    assert [one for batch in store.iterate(5) for one in batch] == twelve_passages
    assert [store.content_hash(row) for row in range(12)] == [
        content_hash(one) for one in twelve_passages
    ]
    rows = [bytes(row.tobytes()).hex() for row in store.content_hashes()]
    assert rows == [content_hash(one) for one in twelve_passages]


def test_rows_across_chunks(tmp_path):
    many = [Passage(f"id-{n}", "", f"text {n}") for n in range(70_000)]
    store = PassageStore.create(tmp_path, iter(many))
    for row in (0, 32_767, 32_768, 65_535, 65_536, 69_999):
        assert store[row] == many[row]
        assert store.row_of(f"id-{row}") == row
    with pytest.raises(IndexError, match="70000"):
        store[70_000]


def test_fingerprint_changes_with_order_content_and_source(tmp_path, twelve_passages):
    def fingerprint(name, passages):
        folder = tmp_path / name
        folder.mkdir()
        return PassageStore.create(folder, passages).fingerprint

    first = fingerprint("a", twelve_passages)
    assert fingerprint("b", twelve_passages) == first
    assert fingerprint("c", twelve_passages[::-1]) != first
    moved = [Passage("p0", "Paris", twelve_passages[0].text, "elsewhere"), *twelve_passages[1:]]
    assert fingerprint("d", moved) != first


def test_content_hash_separates_title_from_text():
    assert content_hash(Passage("a", "x y", "z")) != content_hash(Passage("a", "x", "y z"))


def test_a_repeated_id_is_refused_by_name(tmp_path):
    with pytest.raises(BadRequest, match="'twice' is used by rows 0 and 2"):
        PassageStore.create(tmp_path, [Passage(i, "", "t") for i in ("twice", "b", "twice")])


def test_an_empty_store_opens(tmp_path):
    assert len(PassageStore.create(tmp_path, [])) == 0
    store = PassageStore.open(tmp_path, check=True)
    assert (store.row_of("x"), list(store.iterate()), store.content_hashes().shape) == (
        None,
        [],
        (0, 4),
    )


def test_every_flipped_byte_is_seen(tmp_path, twelve_passages):
    PassageStore.create(tmp_path, twelve_passages)
    for file in sorted(tmp_path.iterdir()):
        sound = file.read_bytes()
        for offset in range(0, len(sound), max(1, len(sound) // 40)):
            broken = bytearray(sound)
            broken[offset] ^= 1
            file.write_bytes(bytes(broken))
            with pytest.raises(CorruptArtefact):
                PassageStore.open(tmp_path, check=True)
        file.write_bytes(sound)
    assert len(PassageStore.open(tmp_path, check=True)) == 12


def test_no_corpus_says_what_to_run(tmp_path):
    with pytest.raises(NoCorpus, match="reread ingest"):
        newest_corpus(Home(tmp_path).create())


@pytest.mark.slow
def test_opening_is_fast_and_small(tmp_path: Path):
    count = 200_000
    text = "word " * 100
    PassageStore.create(tmp_path, (Passage(f"i{n}", "t", f"{n} {text}") for n in range(count)))
    before_mb, start = own_memory_mb(), time.thread_time()
    store = PassageStore.open(tmp_path)
    assert store[count // 2].text.startswith(str(count // 2))
    assert store.row_of(f"i{count - 1}") == count - 1
    assert time.thread_time() - start < 0.2  # a million must open within a second
    assert own_memory_mb() - before_mb < 40  # a million must stay below 200 MB


def own_memory_mb() -> float:
    """What this process holds that no file backs: a mapped file's pages are the system's."""
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if "RssAnon" in one]
    return int(line.split()[1]) / 1024


def test_a_file_cut_short_in_service_is_an_error_not_the_end(tmp_path, twelve_passages):
    """Defect: a truncated passages.arrow ended the service by SIGBUS."""
    many = [Passage(f"id-{n}", "title", f"text {n} " * 50) for n in range(2000)]
    store = PassageStore.create(tmp_path, many)
    os.truncate(tmp_path / "passages.arrow", 4096)
    os.truncate(tmp_path / "ids.npy", 128)
    with pytest.raises(CorruptArtefact, match=r"passages\.arrow"):
        store[1999]
    with pytest.raises(CorruptArtefact, match=r"ids\.npy"):
        store.row_of("id-7")
    with pytest.raises(CorruptArtefact):
        list(store.iterate())


def test_an_overwritten_text_is_not_shown(tmp_path, twelve_passages):
    """Defect: a passages.arrow overwritten in place served the changed text."""
    store = PassageStore.create(tmp_path, twelve_passages)
    path = tmp_path / "passages.arrow"
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(content.index(b"capital of France"))
        file.write(b"capital of Canada")
    with pytest.raises(CorruptArtefact, match=r"in row 0 a text with hash"):
        store[0]
    assert store[1] == twelve_passages[1]


def test_a_replaced_file_leaves_the_open_store_as_it_was(tmp_path, twelve_passages):
    store = PassageStore.create(tmp_path, twelve_passages)
    (tmp_path / "other").write_bytes(b"nothing")
    (tmp_path / "other").rename(tmp_path / "passages.arrow")
    assert store.get(range(12)) == twelve_passages
