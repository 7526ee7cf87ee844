"""Old generations and corpora go: which are kept beside the one that serves, and why.

Knows what serves and what is pinned; does not know what stands in a corpus.
"""

from collections.abc import Collection

from reread.artefacts.publication import current, list_generations, pinned, verified_numbers
from reread.commit import Reach, exclusive, never, remove_dir, sweep_scratch
from reread.home import Home, numbers

KEEP = 3  # generations kept besides the current and the pinned ones


def prune(
    home: Home, keep: int = KEEP, *, doomed: Collection[int] = (), reach: Reach = never
) -> list[int]:
    """Remove old generations, unverified leftovers and corpora nothing refers to.

    Kept: the current one, the pinned ones, the `keep` newest others, and anything newer than
    the current one, which may be a build that is still being verified. Never kept: the `doomed`,
    but for the current one.
    """
    with exclusive(home.publish_lock):
        published = current(home)
        if published is None:
            return []
        sweep_scratch(home.generations_dir)
        held = {published.number} | pinned(home)
        others = [one for one in verified_numbers(home) if one not in held]
        held |= set(others[-keep:]) if keep else set()
        held -= set(doomed) - {published.number}
        old = [one for one in numbers(home.generations_dir) if one not in held and one <= max(held)]
        reach("K10")
        for number in old:
            remove_dir(home.generations_dir / str(number))
        _prune_corpora(home)
        return old


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
