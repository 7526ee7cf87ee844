"""Which generation serves: CURRENT, fencing and pins.

Knows numbers, manifests and the publish lock; does not load models or indexes.
"""

import json
from dataclasses import dataclass
from typing import Any

from reread.artefacts.manifest import (
    Manifest,
    check_generation_files,
    read_manifest,
    verified_report,
)
from reread.artefacts.seals import seal, unseal
from reread.audit import note
from reread.commit import Reach, exclusive, never, replace_text
from reread.errors import Conflict, CorruptArtefact, NotFound
from reread.home import Home, numbers

_INSTEAD = (
    ": the pinned or the newest sound generation answers instead; choose one with `reread rollback`"
)


@dataclass(frozen=True, slots=True)
class Published:
    """What CURRENT says."""

    number: int
    fence: int
    choice: int = 0  # how often a person chose a generation, which outranks builds begun before


@dataclass(frozen=True, slots=True)
class GenerationState:
    """One line of the list of generations."""

    number: int
    current: bool
    pinned: bool
    manifest: Manifest | None  # None: not servable, `problem` says why
    problem: str | None

    def to_dict(self) -> dict[str, Any]:
        """Without the file hashes, which only checks need."""
        body = {} if self.manifest is None else self.manifest.to_dict()
        body.pop("files", None)
        body.pop("corpus_files", None)
        flags = {"number": self.number, "current": self.current, "pinned": self.pinned}
        return {**body, **flags, "problem": self.problem}


def current(home: Home) -> Published | None:
    """The published generation; None when nothing was ever published.

    A torn or removed CURRENT, or one naming a generation that is missing or unsound, falls back to
    the pinned one or else to the newest verified one, with the highest fence any of them carries.
    """
    if not home.current_file.exists():
        # A build that was killed before the first publication is not one.
        return _newest_sound(home) if home.published_file.exists() else None
    try:
        published = _read_current(home)
        _servable(home, published.number)
        return published
    except CorruptArtefact:
        return _newest_sound(home)


def doubt(home: Home) -> str | None:
    """Why `current` is not what CURRENT names, for people; None where it is."""
    if not home.current_file.exists():
        lost = home.published_file.exists()
        return f"{home.current_file} is gone{_INSTEAD}" if lost else None
    try:
        _servable(home, _read_current(home).number)
    except CorruptArtefact as error:
        return f"{home.current_file} names nothing sound ({error}){_INSTEAD}"
    return None


class OlderCorpus(Conflict):
    """The candidate knows fewer documents than what serves: build it again over the newest."""


def publish(
    home: Home,
    number: int,
    fence: int | None = None,
    *,
    choice: int | None = None,
    reach: Reach = never,
) -> None:
    """Make a verified generation the current one; a fence below the published one is refused.

    `fence` None takes over the published fence: a build started by hand has no lease. `choice` is
    what `chosen` said when the work began: when a person has chosen since, theirs stays. Raises
    OlderCorpus where a newer corpus serves meanwhile: its documents would be lost.
    """
    with exclusive(home.publish_lock):
        manifest = _servable(home, number)
        _check_choice(home, number, choice)
        if fence is not None:
            _check_built_once(home, manifest)
        kept = check_fence(home, fence)
        _check_corpus(home, manifest)
        _point_at(home, Published(number, kept, chosen(home)), reach)
        note(home, "published", generation=number, fence=kept)
        home.pins_file.unlink(missing_ok=True)


def chosen(home: Home) -> int:
    """How often a person has chosen what serves; a job remembers it when it begins."""
    published = current(home)
    return published.choice if published else 0


def _check_choice(home: Home, number: int, choice: int | None) -> None:
    published = current(home)
    if choice is None or published is None or published.choice == choice:
        return
    raise Conflict(
        f"Generation {published.number} was activated by a person after the work on generation "
        f"{number} began, so it stays: retrain again, or activate another one"
    )


def _check_built_once(home: Home, manifest: Manifest) -> None:
    """A trainer that was taken for dead may have had its checkpoint published already."""
    published = current(home)
    if published is None or manifest.checkpoint is None or published.number == manifest.number:
        return
    serving = _servable(home, published.number)
    same = (serving.checkpoint, serving.corpus) == (manifest.checkpoint, manifest.corpus)
    if same:
        raise Conflict(
            f"Checkpoint {manifest.checkpoint} serves already as generation {published.number}: "
            f"this second build of it is not needed"
        )


def check_fence(home: Home, fence: int | None) -> int:
    """The fence to publish under; raises Conflict if a higher one has published already."""
    published = current(home)
    known = published.fence if published else 0
    if fence is not None and fence < known:
        raise Conflict(
            f"Fencing number {fence} is below {known}, which has published since: "
            f"the lease of this build was lost; request a new retrain"
        )
    return known if fence is None else fence


def _check_corpus(home: Home, candidate: Manifest) -> None:
    published = current(home)
    serving = None if published is None else _servable(home, published.number)
    if serving is not None and serving.corpus > candidate.corpus:
        raise OlderCorpus(
            f"Generation {candidate.number} was built from corpus {candidate.corpus} and "
            f"generation {serving.number} serves corpus {serving.corpus} since: "
            f"run the build again"
        )


def activate(home: Home, number: int) -> None:
    """Serve an older (or again a newer) generation; an older one is pinned against pruning.

    Its files are hashed first, for CURRENT may only name what can be served.
    """
    with exclusive(home.publish_lock):
        manifest = _servable(home, number)
        corpus = home.passages_dir / str(manifest.corpus)
        check_generation_files(home.generations_dir / str(number), corpus, manifest)
        published = current(home)
        newest = max(verified_numbers(home))
        pins = [] if number == newest else [number]
        replace_text(home.pins_file, json.dumps(pins))
        fence, choice = (published.fence, published.choice) if published else (0, 0)
        _point_at(home, Published(number, fence, choice + 1), never)
        note(home, "activated", generation=number, before=published and published.number)


def pinned(home: Home) -> set[int]:
    """Unreadable pins are none: they say what to keep, not what serves."""
    try:
        return {int(one) for one in json.loads(home.pins_file.read_bytes())}
    except (OSError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        return set()


def verified_numbers(home: Home) -> list[int]:
    """Generations that may be served, ascending."""
    return [one.number for one in list_generations(home) if one.problem is None]


def list_generations(home: Home) -> list[GenerationState]:
    """All committed generations, ascending, with what is wrong with each, if anything."""
    named = _named(home)
    pins = pinned(home)
    return [_state(home, one, one == named, one in pins) for one in numbers(home.generations_dir)]


def _servable(home: Home, number: int) -> Manifest:
    folder = home.generations_dir / str(number)
    if not folder.is_dir():
        known = numbers(home.generations_dir)
        raise _missing(home, number, known)
    manifest = read_manifest(folder)
    verified_report(folder)
    return manifest


class MissingGeneration(CorruptArtefact, NotFound):
    """Damage when CURRENT names it, a wrong number when a person does."""

    status = 404


def _missing(home: Home, number: int, known: list[int]) -> CorruptArtefact:
    return MissingGeneration(
        f"There is no generation {number} in {home.generations_dir}: "
        f"choose one of {known}, or run `reread build`"
    )


def _read_current(home: Home) -> Published:
    body = unseal(home.current_file)
    try:
        return Published(int(body["generation"]), int(body["fence"]), int(body.get("choice", 0)))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CorruptArtefact.mismatch(
            home.current_file, "fields", "generation and fence", sorted(body)
        ) from error


def _newest_sound(home: Home) -> Published | None:
    sound: list[Manifest] = []
    for number in numbers(home.generations_dir):
        try:
            sound.append(_servable(home, number))
        except CorruptArtefact:
            continue
    if not sound:
        return None
    pins = pinned(home)
    chosen = max(sound, key=lambda one: (one.number in pins, one.number))
    return Published(chosen.number, max(one.fence for one in sound))


def _named(home: Home) -> int | None:
    published = current(home)
    return published.number if published else None


def _state(home: Home, number: int, is_current: bool, is_pinned: bool) -> GenerationState:
    try:
        manifest = _servable(home, number)
    except CorruptArtefact as error:
        return GenerationState(number, is_current, is_pinned, None, str(error))
    return GenerationState(number, is_current, is_pinned, manifest, None)


def _point_at(home: Home, published: Published, reach: Reach) -> None:
    body = {"generation": published.number, "fence": published.fence}
    if published.choice:
        body["choice"] = published.choice
    replace_text(home.current_file, seal(body), before_replace=reach)
    if not home.published_file.exists():
        replace_text(home.published_file, "Something was published here once.\n")
