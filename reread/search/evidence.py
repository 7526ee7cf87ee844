"""Which of the passages found may be read and trained on: those that share with the question.

Words decide; where there are none in common, how near vectors are may stand in for them. Knows
texts and scores; does not know the retriever or the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reread.records import Hit, Passage
from reread.search.duplicates import near_duplicates
from reread.search.terms import tokenize

# Of a question these say what is wanted, not what it is about.
ASKING = frozenset(
    tokenize(
        "what which who whom whose when where why how do does did done can could should would may "
        "might must shall have has had been were i you he she we me my your our us any some about "
        "there from"
    )
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Places in what was found, best first, and how many near-copies of each were left out."""

    places: tuple[int, ...]
    copies: tuple[int, ...]
    holds: bool  # False: nothing shares anything with the question, the places are for people


def select_evidence(
    question: str,
    passages: Sequence[Passage],
    hits: Sequence[Hit],
    top_k: int,
    *,
    near: float | None,
) -> Evidence:
    """At most top_k passages that may be read; where there are none, what was found.

    `near` is the nearness that is enough, None where words alone decide.
    """
    about = topic_words(question)
    shares = [
        bool(about & words_of(one)) and hit.score != 0 or _is_near(hit, near)
        for one, hit in zip(passages, hits, strict=True)
    ]
    places = [place for place, one in enumerate(shares) if one]
    holds = bool(places)
    if not holds:
        places = list(range(len(passages)))
    first_of = near_duplicates(question, [passages[place] for place in places])
    kept = [at for at, first in enumerate(first_of) if at == first][:top_k]
    copies = [first_of.count(at) - 1 for at in kept]
    return Evidence(tuple(places[at] for at in kept), tuple(copies), holds)


def _is_near(hit: Hit, near: float | None) -> bool:
    """By the score itself where that compares one vector of each text."""
    return near is not None and (hit.score if hit.nearness is None else hit.nearness) >= near


def topic_words(question: str) -> frozenset[str]:
    """What the question is about; all its words where it has no others.

    >>> sorted(topic_words("What does the valve do?")), sorted(topic_words("Who are you?"))
    (['valve'], ['who', 'you'])
    """
    words = frozenset(tokenize(question))
    return words - ASKING or words


def words_of(passage: Passage) -> frozenset[str]:
    return frozenset(tokenize(f"{passage.title} {passage.text}"))
