"""Questions to begin with, made from the titles of passages that lie far apart in the corpus.

Knows titles and rows; asks nothing.
"""

import re

from reread.rights import EVERYBODY, Rights
from service.answering.live import PassageRows

TRIES = 5  # rows looked at per question wanted: titles repeat, and some are empty
LONG = 3  # words: a longer title is no name
UNDER = " > "  # between the headings that a passage of a document stands under
NUMBERED = re.compile(r"^\d+(?:\.\d+)*\.?\s+")


def example_questions(passages: PassageRows, count: int, rights: Rights = EVERYBODY) -> list[str]:
    """At most `count`, in the corpus's order, of what may be seen; none without titles."""
    rows = len(passages)
    if rows == 0:
        return []
    wanted = min(rows, count * TRIES)
    spread = sorted({rows * (2 * i + 1) // (2 * wanted) for i in range(wanted)})
    titles = dict.fromkeys(one.title.strip() for one in passages.seen_by(rights, spread))
    named = [title for title in titles if title and len(title) <= 80]
    step = max(1, len(named) // count)
    return [question_about(title) for title in named[::step][:count]]


def question_about(title: str) -> str:
    """
    >>> question_about("Oslo")
    'What is Oslo?'
    >>> question_about("How to rotate the keys?")
    'How to rotate the keys?'
    >>> question_about("Operating > 2. Several replicas")
    'What does “Operating” say about “Several replicas”?'
    """
    headings = [NUMBERED.sub("", part.strip()) for part in title.split(UNDER)]
    first, last = headings[0], headings[-1]
    if last.endswith("?"):
        return last
    if last != first:
        return f"What does “{first}” say about “{last}”?"
    if len(last.split()) <= LONG:
        return f"What is {last}?"
    return f"What is said about “{last}”?"
