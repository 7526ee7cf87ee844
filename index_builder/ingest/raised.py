"""Raised and lowered characters -> plain text that says the same: 10^6, a mark [1], 2 1/2, H2O.

Parsers wrap what their format sets higher or lower; one `settle` at the end sees what stands in
front of it. Knows text only.
"""

from __future__ import annotations

import re

UP, MARK, DOWN, END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"  # noncharacters: in no real text
ANY = re.compile(f"[{UP}{MARK}{DOWN}{END}]")
SET = re.compile(f"[{UP}{MARK}{DOWN}][^{UP}{MARK}{DOWN}{END}]*{END}")
FRACTION = re.compile(f"(?:(\\d)\\s?)?{UP}(\\d+){END}\\s?[/\u2044]\\s?(?:{DOWN}(\\d+){END}|(\\d+))")
ENDINGS = frozenset(
    ["st", "nd", "rd", "th", "er", "re", "e", "\u00e8me", "eme", "\u00ba", "\u00aa"]
)
DEGREE = frozenset(["o", "\u00ba", "\u00b0", "\u25e6"])  # as 37<sup>o</sup>C is typed
TRADE = frozenset(["tm", "sm", "\u2122", "\u00ae", "r", "\u00a9"])
UNITS = frozenset(["in", "ft", "yd", "mi", "sin", "cos", "tan", "log", "exp", "sec", "rad"])
BASES = frozenset(["10", "16", "60", "100", "1000"])  # other numbers of two digits carry a mark
EXPONENT = re.compile(r"[+\-\u2212\u2013]?\s?(?:\d+(?:[.,/]\d+)?[a-z]?|[a-z](?:[+\-\u2212]\d+)?)")
CHARGE = re.compile(r"\d?[+\-\u2212\u2013]")
FORMULA = re.compile(r"(?<![a-z])(?:[A-Z][a-z]?\d*)+$|[)\]]$")
WORD = re.compile(r"[^\W_]+$")
NUMBER = re.compile(r"\d[\d.,\u00a0\u202f]*$")


def raised(text: str, *, mark: bool = False) -> str:
    """Superscript; `mark`: the page says that it is a note's mark, as a link to the note does."""
    return f"{MARK if mark else UP}{text}{END}" if text.strip() else text


def lowered(text: str) -> str:
    """Subscript."""
    return f"{DOWN}{text}{END}" if text.strip() else text


def settle(text: str) -> str:
    """Every raised or lowered part as plain characters, none glued to a number or word.

    >>> settle("10" + raised("6") + " of 48,200" + raised("1") + ", H" + lowered("2") + "O")
    '10^6 of 48,200 [1], H2O'
    >>> settle("2" + raised("1") + "/" + lowered("2") + " m" + raised("2"))
    '2 1/2 m^2'
    """
    if not ANY.search(text):
        return text
    text = FRACTION.sub(_fraction, text)
    done = ""
    start = 0
    for found in SET.finditer(text):
        done += text[start : found.start()]
        start = found.end()
        kind, content = found[0][0], " ".join(found[0][1:-1].split())
        after = text[start : start + 1]
        if content:
            done += _lower(done, content) if kind == DOWN else _raise(done, content, kind, after)
        if after.isalnum() and (done[-1:] in ("]", ")") or done.endswith(f"^{content}")):
            done += " "
    return ANY.sub("", done + text[start:])


def _fraction(found: re.Match[str]) -> str:
    whole = f"{found[1]} " if found[1] else ""
    return f"{whole}{found[2]}/{found[3] or found[4]}"


def _raise(before: str, content: str, kind: str, after: str) -> str:
    word = WORD.search(before)
    plain = content.strip("[]()")
    if kind == MARK or plain != content:
        return _mark(before, plain or content)
    if content.casefold() in TRADE and word and not content.isdigit():
        return {"tm": "\u2122", "sm": "\u2120", "r": "\u00ae"}.get(content.casefold(), content)
    if word is None and before[-1:] not in (")", "]"):
        if before[-1:].isspace() or not before:
            return content if after.isalnum() else f"[{content}]"
        return _mark(before, content)
    if word and CHARGE.fullmatch(content) and FORMULA.search(before):
        return content if before[-1].isalpha() else f"^{content}"
    if word and before[-1].isdigit() and content in DEGREE and after in ("", " ", *"CFKNSEW"):
        return "\u00b0"
    if word and before[-1].isdigit() and content.casefold() in ENDINGS:
        return content
    if EXPONENT.fullmatch(content):
        return (
            f"^{content.replace(' ', '')}" if _is_base(before, content) else _mark(before, content)
        )
    if word and content.isalpha():  # Mme, No
        return content if word[0][0].isupper() and len(content) <= 3 else f" {content}"
    return f"^({content})" if word and any(map(str.isalnum, content)) else _mark(before, content)


def _is_base(before: str, content: str) -> bool:
    """Whether what stands in front is raised to a power, or carries a note's mark."""
    number = NUMBER.search(before)
    if number:
        if content.isalpha():
            return number[0] in ("2", "10")
        return not content.isdigit() or len(number[0]) == 1 or number[0] in BASES
    word = WORD.search(before)
    if word:
        return len(word[0]) <= 2 or word[0].casefold() in UNITS
    opening = before.rfind("(")
    return not re.search(r"[^\W\d]{4}", before[opening:]) if opening >= 0 else False


def _mark(before: str, content: str) -> str:
    return f" [{content}]" if before and not before[-1].isspace() else f"[{content}]"


def _lower(before: str, content: str) -> str:
    if not before or before[-1].isspace():
        return content
    if content.isdigit() and FORMULA.search(before):
        return content
    return f"_{content}"
