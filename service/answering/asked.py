"""What somebody asks: a question, passages of their own, earlier turns; and the bounds of each.

Every family of routes makes an `Asked`, so the bounds are the same whoever asks. The checks raise
ValueError, which a schema can name a place for; `Asked.checked` makes a BadRequest of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from reread.errors import BadRequest
from reread.reading import Turn
from reread.records import Passage
from reread.rights import EVERYBODY, Rights

Item = TypeVar("Item")
MAX_QUESTION_CHARS = 2_000
MAX_ANSWER_CHARS = 10_000  # of an earlier turn, or of a correction
MAX_PASSAGES = 100  # read for one question, retrieved or own
MAX_BATCH = 100
MAX_TURNS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; its passages are retrieved where it brings none of its own."""

    question: str
    top_k: int | None = None  # passages to retrieve; None: as the service is set
    passages: tuple[Passage, ...] | None = None
    history: tuple[Turn, ...] = ()  # oldest first
    follows: str | None = None  # the logged answer that the last turn of it was
    generation: int | None = None  # to retrieve from; None: the one that serves
    rights: Rights = EVERYBODY  # of who asks

    def by(self, rights: Rights) -> "Asked":
        """The same, asked by somebody who may see that."""
        return replace(self, rights=rights)

    @classmethod
    def checked(
        cls,
        question: str,
        *,
        top_k: int | None = None,
        own: Iterable[tuple[str, str]] | None = None,  # (title, text)
        history: Iterable[tuple[str, str]] = (),  # (question, answer), oldest first
        follows: str | None = None,
    ) -> "Asked":
        """Raises BadRequest with one sentence where a bound is broken."""
        try:
            return cls(
                trimmed_question(question),
                None if top_k is None else allowed_top_k(top_k),
                None if own is None else own_passages(own),
                turns(history),
                follows,
            )
        except ValueError as error:
            raise BadRequest(f"{str(error)[0].upper()}{str(error)[1:]}.") from error


def own_passages(given: Iterable[tuple[str, str]]) -> tuple[Passage, ...]:
    """A caller's passages under ids that no corpus has."""
    return tuple(
        Passage(f"own.{i}", whole_text(title), with_content(text))
        for i, (title, text) in enumerate(allowed_count(list(given)))
    )


def turns(given: Iterable[tuple[str, str]]) -> tuple[Turn, ...]:
    """Earlier questions and answers as they were said."""
    return tuple(
        Turn(trimmed_question(question), allowed_answer(answer))
        for question, answer in allowed_history(list(given))
    )


def whole_text(text: str) -> str:
    """JSON can spell half a character, which no file and no response can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("the text has half a character (a lone surrogate); remove it") from error
    return text


def trimmed_question(text: str) -> str:
    trimmed = whole_text(text).strip()
    if not 1 <= len(trimmed) <= MAX_QUESTION_CHARS:
        raise ValueError(
            f"a question has 1 to {MAX_QUESTION_CHARS} characters after trimming, "
            f"this one has {len(trimmed)}"
        )
    return trimmed


def allowed_answer(text: str) -> str:
    if len(whole_text(text)) > MAX_ANSWER_CHARS:
        raise ValueError(
            f"an answer has at most {MAX_ANSWER_CHARS} characters, this one has {len(text)}"
        )
    return text


def allowed_top_k(top_k: int) -> int:
    if not 1 <= top_k <= MAX_PASSAGES:
        raise ValueError(f"top_k is 1 to {MAX_PASSAGES}, not {str(top_k)[:20]}")
    return top_k


def allowed_count(passages: list[Item]) -> list[Item]:
    if not 1 <= len(passages) <= MAX_PASSAGES:
        raise ValueError(
            f"give 1 to {MAX_PASSAGES} passages, not {len(passages)}, "
            "or leave passages out to have them retrieved"
        )
    return passages


def allowed_history(history: list[Item]) -> list[Item]:
    if len(history) > MAX_TURNS:
        raise ValueError(
            f"a history has at most {MAX_TURNS} turns, this one has {len(history)}; send the newest"
        )
    return history


def with_content(text: str) -> str:
    if not text.strip():
        raise ValueError("a passage needs some text")
    return whole_text(text)
