"""Which passages say the same as one before them: copies of a text must not outvote another.

Two passages that differ in a number, a name, a negation or a word of the question say different
things however alike they are. Knows texts; does not know scores.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np

from reread.records import Passage

MOST_DIFFERENT = 0.1  # share of the words of both that only one has
_WORD = re.compile(r"\w+(?:[-'’.]\w+)*|[^\w\s]", re.UNICODE)
_TELLING = re.compile(r"\d|^[^\W\d_]*[A-ZÀ-ÞА-Я]")  # numbers, and names: words in capitals
_NEGATIONS = frozenset(
    ["not", "no", "never", "none", "nor", "neither", "without", "except", "unless", "cannot"]
)
_MARKS = re.compile(r"^[^\w\s]$")


def near_duplicates(question: str, passages: Sequence[Passage]) -> list[int]:
    """For each passage the place of the first that says the same: its own, if there is none.

    >>> texts = ["The desk opens at nine.", "the desk opens at  nine", "The desk opens at ten."]
    >>> near_duplicates("When?", [Passage(str(n), "", text) for n, text in enumerate(texts)])
    [0, 0, 2]
    """
    asked = frozenset(_plain(word) for word in _words(question))
    counts = [Counter(_words(one.text)) for one in passages]
    plain = [" ".join(_plain(word) for word in _words(one.text)) for one in passages]
    titles = [frozenset(_plain(word) for word in _words(one.title)) for one in passages]
    firsts: list[int] = []
    alike = _alike(counts)
    for place, _ in enumerate(passages):
        earlier = (at for at in range(place) if firsts[at] == at)
        same = (
            at
            for at in earlier
            if not (titles[at] ^ titles[place]) & asked
            and (
                plain[at] == plain[place]
                or (alike[at, place] and _say_the_same(counts[at], counts[place], asked))
            )
        )
        firsts.append(next(same, place))
    return firsts


def _words(text: str) -> list[str]:
    """Words as they are written; marks that join nothing are none."""
    found = _WORD.findall(unicodedata.normalize("NFKC", text))
    return [one for one in found if not _MARKS.match(one) or one in "+#%€$£<>=≤≥"]


def _plain(word: str) -> str:
    return word.casefold()


def _alike(counts: Sequence[Counter[str]]) -> np.ndarray:
    """(N, N) whether two share enough words to be looked at closely."""
    numbers: dict[str, int] = {}
    for one in counts:
        for word in one:
            numbers.setdefault(_plain(word), len(numbers))
    table = np.zeros((len(counts), max(1, len(numbers))), dtype=np.float32)
    for row, one in enumerate(counts):
        for word, times in one.items():
            table[row, numbers[_plain(word)]] += times
    roots = np.sqrt(table)
    shared = roots @ roots.T  # at least as many as they share: who fails here fails closely too
    sizes = table.sum(1)
    alike: np.ndarray = 2 * shared >= (1 - MOST_DIFFERENT) * (sizes[:, None] + sizes[None, :])
    return alike


def _say_the_same(first: Counter[str], second: Counter[str], asked: frozenset[str]) -> bool:
    different = (first - second) + (second - first)
    if different.total() > MOST_DIFFERENT * (first.total() + second.total()):
        return False
    return not any(
        _TELLING.search(word) or _plain(word) in _NEGATIONS or _plain(word) in asked
        for word in different
    )
