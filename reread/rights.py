"""Who may see what: access labels of passages, and the labels that somebody holds.

Whoever lacks one label of a passage does not see it; a passage without labels is everybody's.
Knows names of labels; knows no passage, no key and no request.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from reread.errors import BadRequest

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
MOST_LABELS = 32  # on one document, or one key
# In front matter, records and requests; plain `labels` mean other things in many files.
ACCESS_LABELS = "access_labels"


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may see; nothing said: what everybody may."""

    labels: frozenset[str] = frozenset()
    everything: bool = False

    def allow(self, labels: Collection[str]) -> bool:
        """Whether a passage, or an answer, with these labels may be seen.

        >>> Rights(frozenset(["hr"])).allow(["hr", "board"]), Rights().allow([])
        (False, True)
        """
        return self.everything or self.labels.issuperset(labels)


EVERYBODY = Rights()
OWNER = Rights(everything=True)


def checked_labels(names: Iterable[str]) -> tuple[str, ...]:
    """Each once and in order of their names; raises ValueError with a clause.

    >>> checked_labels(["hr", "board", "hr"])
    ('board', 'hr')
    """
    labels = tuple(sorted(set(names)))
    if len(labels) > MOST_LABELS:
        raise ValueError(f"{len(labels)} access labels are given and {MOST_LABELS} are allowed")
    for one in labels:
        if not LABEL.fullmatch(one):
            raise ValueError(
                f"{one[:80]!r} cannot be an access label; use 1 to 64 letters, digits and . _ @ -"
            )
    return labels


def wanted_labels(names: Iterable[str]) -> tuple[str, ...]:
    """The same for a person who typed them: raises BadRequest with a sentence."""
    try:
        return checked_labels(names)
    except ValueError as error:
        raise BadRequest(f"{str(error)[0].upper()}{str(error)[1:]}.") from error


def read_labels(given: object) -> tuple[str, ...]:
    """Labels as people write them in a file: a list, or a text with commas; or ValueError.

    >>> read_labels("hr, board"), read_labels(["hr"]), read_labels([])
    (('board', 'hr'), ('hr',), ())
    """
    if isinstance(given, str):
        given = [one.strip() for one in given.split(",") if one.strip()]
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError(
            f"{ACCESS_LABELS} is neither a list of names nor a text with commas between them"
        )
    return checked_labels(given)
