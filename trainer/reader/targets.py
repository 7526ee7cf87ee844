"""What a reader learns to say: the answers of three data sets as the paper prepares them.

From appendix A.1 of arXiv 2012.04584. Pure functions on reader examples; knows no files and no
tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reread.errors import BadRequest
from trainer.reader.examples import ReaderExample

MAX_NQ_TOKENS = 5  # words, as white space separates them: the paper names no tokenizer


def prepare_targets(examples: Iterable[ReaderExample], data_set: str | None) -> list[ReaderExample]:
    """The examples as `triviaqa`, `nq` or `narrativeqa` are trained on; None changes nothing.

    Raises BadRequest for another name, and when no example is left.
    """
    given = list(examples)
    if data_set is None:
        return given
    prepare = {"triviaqa": triviaqa_target, "nq": nq_target, "narrativeqa": narrativeqa_target}
    if data_set not in prepare:
        raise BadRequest(f"--targets {data_set!r} is not known: choose {', '.join(prepare)}.")
    kept = [done for one in given if (done := prepare[data_set](one)) is not None]
    if given and not kept:
        raise BadRequest(
            f"None of {len(given)} questions is left after --targets {data_set}; "
            f"leave the option out."
        )
    return kept


def triviaqa_target(example: ReaderExample) -> ReaderExample:
    """One answer, the human one, in title case if it is all upper case.

    The human answer is the file's `target`, which is an example's only answer where it is given;
    else the first of `answers`.

    >>> triviaqa_target(ReaderExample("Q", ("THE SEINE'S", "Seine"), (), ())).answers
    ("The Seine'S",)
    >>> triviaqa_target(ReaderExample("Q", ("the BBC",), (), ())).answers
    ('the BBC',)
    """
    return replace(example, answers=(title_case(example.answers[0]),))


def nq_target(example: ReaderExample) -> ReaderExample | None:
    """Only answers of at most five tokens; None where there is none: the question is left out.

    >>> nq_target(ReaderExample("q", ("one two three four five six", "one"), (), ())).answers
    ('one',)
    >>> nq_target(ReaderExample("q", ("one two three four five six",), (), ())) is None
    True
    """
    short = tuple(answer for answer in example.answers if len(answer.split()) <= MAX_NQ_TOKENS)
    return replace(example, answers=short) if short else None


def narrativeqa_target(example: ReaderExample) -> ReaderExample:
    """Question and answers in lower case where they are all upper case.

    >>> done = narrativeqa_target(ReaderExample("WHO IS MARK?", ("A BOY", "Mark"), (), ()))
    >>> done.question, done.answers
    ('who is mark?', ('a boy', 'Mark'))
    """
    answers = tuple(lower_case(answer) for answer in example.answers)
    return replace(example, question=lower_case(example.question), answers=answers)


def title_case(text: str) -> str:
    """Python's str.title, for texts in upper case only.

    >>> title_case("NEW YORK"), title_case("1984"), title_case("iPod")
    ('New York', '1984', 'iPod')
    """
    return text.title() if text.isupper() else text


def lower_case(text: str) -> str:
    """str.lower, for texts in upper case only.

    >>> lower_case("HE LEFT."), lower_case("USA and UK")
    ('he left.', 'USA and UK')
    """
    return text.lower() if text.isupper() else text
