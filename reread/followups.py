"""A follow-up question made whole by what was asked before it, by rule.

A question leans on the conversation when it points back (it, they, there, that one), begins as one
does that goes on (and, what about), or names nothing of its own. Then the names of the last turns
that it lacks are put behind it, the newest turn's first. Standard library only; knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reread.reading import Turn

POINTING = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|he|him|his|she|her|hers|there|this|that|these|"
    r"those|one|ones|the (?:same|other|former|latter|first|second|last))\b",
    re.IGNORECASE,
)
GOING_ON = re.compile(
    r"^(?:and|or|but|so|then|also|what about|how about|why not|why\W*$|since when|until when|"
    r"what else|which ones?)\b",
    re.IGNORECASE,
)
# a name: quoted, an identifier, or words with capitals joined by of/the/and and the like
NAME = re.compile(
    r"\"[^\"]{2,60}\"|“[^”]{2,60}”|`[^`]{1,60}`"
    r"|(?<![\w.])--?\w[\w-]*|\b\w+(?:[_./:-]\w+)+\b"
    r"|\b[A-Z][\w'’]*(?:[ -](?:(?:of|the|and|de|von|van|for|in) )?[A-Z0-9][\w'’]*)*"
)
ASKING = frozenset(
    re.findall(
        r"\w+",
        "a an the is are was were am do does did can could may might must should shall will would "
        "has have had what which who whom whose when where why how and or but so then also in on "
        "at of for to by from with about please tell give list name show explain i you we me my "
        "your our if as much many long far old often",
    )
)
TURNS = 2  # how far back a question points
MOST_NAMES = 4


def whole_question(question: str, history: Sequence[Turn]) -> str:
    """The question with the names it leans on in brackets behind it; itself where it stands alone.

    >>> whole_question("Who founded it?", [Turn("What is Python?", "a language")])
    'Who founded it? (Python)'
    >>> whole_question("Who founded Perl?", [Turn("What is Python?", "a language")])
    'Who founded Perl?'
    """
    if not history or not leans(question):
        return question
    names: list[str] = []
    known = question.lower()
    for turn in reversed(history[-TURNS:]):
        for name in (*names_in(turn.question), *names_in(turn.answer)):
            if name.lower() not in known and len(names) < MOST_NAMES:
                names.append(name)
                known += f" {name.lower()}"
        if names:
            break
    if not names:
        names = [_topic(history[-1].question)]
    return f"{question} ({', '.join(name for name in names if name)})" if any(names) else question


def leans(question: str) -> bool:
    """Whether a question cannot be understood alone.

    >>> leans("And in winter?"), leans("What is the price of the Orion X2?")
    (True, False)
    """
    if GOING_ON.search(question.strip()):
        return True
    if names_in(question):
        return False
    return POINTING.search(question) is not None or len(_content(question)) < 2


def names_in(text: str) -> list[str]:
    """Names in their order, quotes taken off; a capital that only begins the sentence is none.

    >>> names_in("When was the Tower of London built?"), names_in("Does `--no-verify` skip it?")
    (['Tower of London'], ['--no-verify'])
    """
    found = []
    for match in NAME.finditer(text):
        words = match.group().strip('"“”`')
        while words.partition(" ")[0].lower() in ASKING:
            words = words.partition(" ")[2].strip()
            if not words:
                break
        begins = (
            text[: match.start()].strip() in ("",) or text[: match.start()].rstrip()[-1:] in ".?!"
        )
        plain = " " not in words and words[1:].islower() and match.group()[:1] not in '"“`'
        if words and not (begins and plain and len(text.split()) > 3) and words not in found:
            found.append(words)
    return found


def _content(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if word.lower() not in ASKING]


def _topic(question: str) -> str:
    """What a question without names is about: its last words that carry meaning."""
    return " ".join(_content(question)[-4:])
