"""Which generation serves: CURRENT, fencing, pins, and the removal of old generations.

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
from reread.commit import Reach, exclusive, never, remove_dir, replace_text, sweep_scratch
from reread.errors import Conflict, CorruptArtefact, NotFound
from reread.home import Home, numbers

KEEP = 3  # generations kept besides the current and the pinned ones


@dataclass(frozen=True, slots=True)
class Published:
    """What CURRENT says."""

    number: int
    fence: int


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

    A torn CURRENT, or one naming a generation that is missing or unsound, falls back to the
    pinned one or else to the newest verified one, with the highest fence any of them carries.
    """
    if not home.current_file.exists():
        return None
    try:
        body = unseal(home.current_file)
        _servable(home, int(body["generation"]))
        return Published(int(body["generation"]), int(body["fence"]))
    except CorruptArtefact:
        return _newest_sound(home)


def publish(home: Home, number: int, fence: int | None = None, *, reach: Reach = never) -> None:
    """Make a verified generation the current one; a fence below the published one is refused.

    `fence` None takes over the published fence: a build started by hand has no lease.
    """
    with exclusive(home.publish_lock):
        _servable(home, number)
        _point_at(home, Published(number, check_fence(home, fence)), reach)
        home.pins_file.unlink(missing_ok=True)


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
        _point_at(home, Published(number, published.fence if published else 0), never)


def pinned(home: Home) -> set[int]:
    try:
        return {int(one) for one in json.loads(home.pins_file.read_text())}
    except (FileNotFoundError, ValueError, TypeError):
        return set()


def verified_numbers(home: Home) -> list[int]:
    """Generations that may be served, ascending."""
    return [one.number for one in list_generations(home) if one.problem is None]


def list_generations(home: Home) -> list[GenerationState]:
    """All committed generations, ascending, with what is wrong with each, if anything."""
    named = _named(home)
    pins = pinned(home)
    return [_state(home, one, one == named, one in pins) for one in numbers(home.generations_dir)]


def prune(home: Home, keep: int = KEEP, *, reach: Reach = never) -> list[int]:
    """Remove old generations, unverified leftovers and corpora nothing refers to.

    Kept: the current one, the pinned ones, the `keep` newest others, and anything newer than
    the current one, which may be a build that is still being verified.
    """
    with exclusive(home.publish_lock):
        published = current(home)
        if published is None:
            return []
        sweep_scratch(home.generations_dir)
        held = {published.number} | pinned(home)
        others = [one for one in verified_numbers(home) if one not in held]
        held |= set(others[-keep:]) if keep else set()
        doomed = [
            one for one in numbers(home.generations_dir) if one not in held and one <= max(held)
        ]
        reach("K10")
        for number in doomed:
            remove_dir(home.generations_dir / str(number))
        _prune_corpora(home)
        return doomed


def _prune_corpora(home: Home) -> None:
    """Corpora older than every referenced one; newer ones wait for their first build."""
    sweep_scratch(home.passages_dir)
    states = [one.manifest for one in list_generations(home)]
    used = {one.corpus for one in states if one is not None}
    if not used:
        return
    for number in numbers(home.passages_dir):
        if number < max(used) and number not in used:
            remove_dir(home.passages_dir / str(number))


def _servable(home: Home, number: int) -> Manifest:
    folder = home.generations_dir / str(number)
    if not folder.is_dir():
        known = numbers(home.generations_dir)
        raise _missing(home, number, known)
    manifest = read_manifest(folder)
    verified_report(folder)
    return manifest


class _Missing(CorruptArtefact, NotFound):
    """Damage when CURRENT names it, a wrong number when a person does."""

    status = 404


def _missing(home: Home, number: int, known: list[int]) -> CorruptArtefact:
    return _Missing(
        f"There is no generation {number} in {home.generations_dir}: "
        f"choose one of {known}, or run `reread build`"
    )


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
    replace_text(home.current_file, seal(body), before_replace=reach)
