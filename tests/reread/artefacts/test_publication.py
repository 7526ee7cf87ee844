"""CURRENT always names a complete, verified generation; fences and pins hold."""

import pytest

from reread.artefacts.manifest import Manifest, mark_verified, write_manifest
from reread.artefacts.pruning import prune
from reread.artefacts.publication import (
    Published,
    activate,
    chosen,
    current,
    list_generations,
    pinned,
    publish,
)
from reread.commit import committed_dir
from reread.errors import Conflict, CorruptArtefact, NotFound
from reread.home import numbers


@pytest.fixture
def add(home):
    """Commits a generation that is nothing but a manifest."""

    def commit(number, *, fence=0, verified=True, corpus=1, checkpoint=None):
        folder = home.generations_dir / str(number)
        manifest = Manifest(
            number, "bm25", "BM25", None, None, 1, corpus, "", {}, {}, None, checkpoint, 0, fence,
            {}, 1.0,
        )  # fmt: skip
        with committed_dir(folder) as scratch:
            write_manifest(scratch, manifest)
        if verified:
            mark_verified(folder, {"recall": 1.0})
        return folder

    return commit


def test_nothing_published_is_none(home, add):
    assert current(home) is None
    add(1)
    assert current(home) is None  # built, but killed before its first publication
    assert prune(home) == []


def test_publish_and_the_fence_that_only_grows(home, add):
    for number in (1, 2, 3):
        add(number)
    publish(home, 1, 5)
    assert current(home) == Published(1, 5)
    with pytest.raises(Conflict, match="number 4 is below 5"):
        publish(home, 2, 4)
    publish(home, 2, 5)
    publish(home, 3)
    assert current(home) == Published(3, 5)


def test_only_verified_generations_are_published(home, add):
    add(1, verified=False)
    with pytest.raises(CorruptArtefact, match="never verified"):
        publish(home, 1, 1)
    with pytest.raises(NotFound, match="no generation 9"):
        activate(home, 9)
    assert current(home) is None


def test_the_mark_belongs_to_one_manifest(home, add):
    first, second = add(1), add(2, verified=False)
    (second / "VERIFIED").write_bytes((first / "VERIFIED").read_bytes())
    with pytest.raises(CorruptArtefact, match="sha256"):
        publish(home, 2, 1)


@pytest.mark.parametrize("text", ["", "{", "7", '{"generation": 2, "fence": 9}'])
def test_a_torn_current_falls_back_to_the_newest_sound_one(home, add, text):
    add(1, fence=3)
    add(2, fence=7)
    add(3, verified=False)
    publish(home, 2, 7)
    (add(4, fence=8) / "manifest.json").write_text("{}")
    home.current_file.write_text(text)
    assert current(home) == Published(2, 7)


def test_every_truncation_of_current_still_names_one(home, add):
    add(1)
    publish(home, 1, 0)
    whole = home.current_file.read_bytes()
    for length in range(len(whole)):
        home.current_file.write_bytes(whole[:length])
        assert current(home) == Published(1, 0)


def test_current_naming_a_missing_generation_falls_back(home, add):
    add(1)
    folder = add(2)
    publish(home, 2, 0)
    folder.rename(folder.with_name("elsewhere"))
    assert current(home) == Published(1, 0)
    add(1 + 2, verified=False)
    assert current(home) == Published(1, 0)


def test_torn_with_nothing_sound_is_none(home):
    home.current_file.write_text("torn")
    assert current(home) is None


def test_rollback_pins_and_a_torn_current_respects_it(home, add):
    for number in (1, 2, 3):
        add(number)
    publish(home, 3, 4)
    activate(home, 1)
    assert (current(home), pinned(home)) == (Published(1, 4, choice=1), {1})
    home.current_file.write_text("")
    assert current(home).number == 1
    activate(home, 3)
    assert pinned(home) == set()
    activate(home, 2)
    add(4)
    publish(home, 4, 4)
    assert (current(home).number, pinned(home)) == (4, set())


def test_pruning_keeps_three_besides_current_and_pinned(home, add):
    for number in range(1, 8):
        add(number)
    publish(home, 7, 0)
    activate(home, 2)
    assert prune(home) == [1, 3, 4]
    assert numbers(home.generations_dir) == [2, 5, 6, 7]


def test_pruning_removes_leftovers_but_not_a_build_in_progress(home, add):
    add(1, verified=False)
    add(2)
    publish(home, 2, 0)
    add(3, verified=False)
    with committed_dir(home.generations_dir / "4"):
        assert prune(home) == [1]
    assert numbers(home.generations_dir) == [2, 3, 4]


def test_pruning_removes_corpora_nothing_refers_to(home, add):
    for number in (1, 2, 3, 4):
        (home.passages_dir / str(number)).mkdir()
    add(1, corpus=1)
    add(2, corpus=3)
    publish(home, 2, 0)
    prune(home, keep=0)
    assert numbers(home.generations_dir) == [2]
    assert numbers(home.passages_dir) == [3, 4]


def test_the_list_says_what_is_wrong(home, add):
    add(1)
    add(2, verified=False)
    publish(home, 1, 0)
    first, second = list_generations(home)
    assert (first.current, first.problem, first.manifest.number) == (True, None, 1)
    assert (second.current, second.manifest) == (False, None)
    assert "never verified" in second.problem
    assert first.to_dict()["corpus"] == 1 and "files" not in first.to_dict()


def test_a_persons_choice_outranks_a_job_that_began_before_it(home, add):
    """Defect: a rollback during a retrain was undone by its publication, and its pin deleted."""
    for number in (1, 2):
        add(number)
    publish(home, 2, 1)
    began = chosen(home)
    activate(home, 1)
    add(3)
    with pytest.raises(Conflict, match="Generation 1 was activated by a person"):
        publish(home, 3, 2, choice=began)
    assert (current(home).number, pinned(home)) == (1, {1})
    publish(home, 3, 2, choice=chosen(home))  # a job that began after it
    assert (current(home).number, pinned(home)) == (3, set())


def test_choosing_again_what_serves_is_a_choice_too(home, add):
    add(1)
    publish(home, 1, 1)
    began = chosen(home)
    activate(home, 1)
    add(2)
    with pytest.raises(Conflict):
        publish(home, 2, 2, choice=began)


def test_one_checkpoint_is_published_once(home, add):
    """Defect: a stopped trainer's builder went on, and two generations had one checkpoint."""
    for number in (1, 2):
        add(number, fence=number, checkpoint=7)
    publish(home, 1, 1)
    with pytest.raises(Conflict, match="Checkpoint 7 serves already as generation 1"):
        publish(home, 2, 2)
    add(3, fence=3, checkpoint=7, corpus=2)
    publish(home, 3, 3)  # over another corpus it is another generation


def test_a_removed_current_does_not_hide_sound_generations(home, add):
    """Defect: CURRENT deleted made a home look as if nothing had ever been published."""
    for number in (1, 2):
        add(number, fence=number)
    publish(home, 2, 2)
    home.current_file.unlink()
    assert current(home) == Published(2, 2)
    activate(home, 1)
    home.current_file.unlink()
    assert current(home).number == 1  # pinned


NASTY = [
    b'{"files": {"x": {"size": 5e450}}, "seal": "00"}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"number": ' + b"9" * 5000 + b', "seal": "00"}',
    b'{"number": NaN, "seal": "00"}',
    b'{"number": "\\ud800", "seal": "00"}',
    b'{"seal": {"a": 1}}',
    b"\xff\xfe",
    b"",
    b'{"seal": null}',
]


@pytest.mark.parametrize("content", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("place", ["old manifest", "current", "pins", "mark", "newest manifest"])
def test_hostile_bytes_anywhere_leave_a_sound_generation(home, add, content, place):
    """Defect: other exceptions than CorruptArtefact escaped, and no sound generation was found."""
    for number in (1, 2, 3):
        add(number)
    publish(home, 3, 0)
    if place == "pins":
        activate(home, 2)
    files = {
        "old manifest": home.generations_dir / "1" / "manifest.json",
        "newest manifest": home.generations_dir / "3" / "manifest.json",
        "mark": home.generations_dir / "3" / "VERIFIED",
        "current": home.current_file,
        "pins": home.pins_file,
    }
    files[place].write_bytes(content)
    expected = {"pins": 2, "newest manifest": 2, "mark": 2}.get(place, 3)
    assert current(home).number == expected
    assert [one.number for one in list_generations(home)] == [1, 2, 3]
    activate(home, 2)
    add(4)
    publish(home, 4, 0)
    prune(home)
    assert current(home).number == 4
