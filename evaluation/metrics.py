"""Answer and retrieval metrics on plain strings: EM, F1, and whether a passage holds an answer.

EM and F1 are those of the SQuAD script, `has_answer` is DPR's. Nothing here knows a model, a
retriever or a file; the mean over questions is the caller's.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import regex  # type: ignore[import-untyped]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# DPR's SimpleTokenizer: a run of letters, numbers and marks, or one other visible character.
_TOKEN = regex.compile(r"[\p{L}\p{N}\p{M}]+|[^\p{Z}\p{C}]")


def normalise_answer(text: str) -> str:
    """Lower case, then no punctuation, then no articles, then single spaces: in that order.

    >>> normalise_answer("The  Eiffel-Tower, a landmark.")
    'eiffeltower landmark'
    """
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(answer: str, gold: Sequence[str]) -> float:
    """1.0 if the normalised answer equals a normalised gold answer, else 0.0."""
    return float(any(normalise_answer(answer) == normalise_answer(one) for one in gold))


def f1(answer: str, gold: Sequence[str]) -> float:
    """Best token F1 over the gold answers; 0.0 where no token is shared.

    >>> f1("in the year 1973", ["1973", "October 1973"])
    0.5
    """
    return max((_token_f1(answer, one) for one in gold), default=0.0)


def _token_f1(answer: str, gold: str) -> float:
    said, wanted = normalise_answer(answer).split(), normalise_answer(gold).split()
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def tokenise(text: str) -> list[str]:
    """DPR's tokens of a text: NFD, lower case.

    >>> tokenise("It's 3.5 km")
    ['it', "'", 's', '3', '.', '5', 'km']
    """
    return [token.lower() for token in _TOKEN.findall(unicodedata.normalize("NFD", text))]


def has_answer(text: str, answers: Sequence[str]) -> bool:
    """Whether an answer's tokens stand one after the other in the text (without its title).

    An answer without any token is in no passage; DPR's loop would find it in all of them.
    """
    tokens = tokenise(text)
    return any(_contains(tokens, tokenise(answer)) for answer in answers)


def _contains(tokens: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return False
    last = len(tokens) - len(wanted)
    return any(
        tokens[i] == wanted[0] and tokens[i : i + len(wanted)] == wanted for i in range(last + 1)
    )


def is_gold(passage_id: str, gold_id: str) -> bool:
    """Whether a stored passage is the gold one or a piece of it (`id`, `id.1`, `id.2`, ...).

    >>> is_gold("pep-8.12", "pep-8"), is_gold("pep-80", "pep-8")
    (True, False)
    """
    if passage_id == gold_id:
        return True
    stem, _, piece = passage_id.rpartition(".")
    return stem == gold_id and piece.isascii() and piece.isdigit()


def first_hit(matches: Iterable[bool]) -> int | None:
    """1-based rank of the first match, or None; what comes after it is not looked at.

    >>> first_hit([False, True]), first_hit([False])
    (2, None)
    """
    return next((place for place, match in enumerate(matches, start=1) if match), None)


def recall_at(first_hits: Sequence[int | None], k: int) -> float:
    """Share of the questions whose first match is within the first k; one without counts as miss.

    >>> recall_at([1, 3, None, 20], 5)
    0.5
    """
    found = sum(1 for place in first_hits if place is not None and place <= k)
    return found / len(first_hits) if first_hits else 0.0
