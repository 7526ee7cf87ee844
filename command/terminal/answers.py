"""An answer in a terminal: how sure it is, and its passages with what the reader made of them.

Knows rich and the shape of an answer; knows no model and no home.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

BAR_WIDTH = 24
EXCERPT = 160  # characters of a passage
BLANKS = re.compile(r"\s+")
NOT_FOUND = "Your documents do not seem to answer this; these passages come nearest."
BANDS = (  # from which confidence on what is said of an answer
    (0.75, "Sure", ""),
    (0.45, "Fairly sure", ""),
    (0.2, "Not sure", "check it against the passages"),
    (0.0, "Probably wrong", "trust the passages, not the answer"),
)


def show_answer(console: Console, body: Mapping[str, Any], *, texts: int = 3) -> None:
    """An answer with its passages, what holds it first, then as the reader leaned on them."""
    found = body.get("found", True) and body["answer"]
    console.print(
        Panel(escape(body["answer"] if found else NOT_FOUND), title=escape(body["question"]))
    )
    console.print(sureness(body.get("confidence"), body.get("found", True)))
    console.print(
        f"generation {body['generation']}   reader {body['reader']}   "
        f"{body['timings_ms']['total']:.0f} ms"
    )
    for warning in body.get("warnings", ()):
        console.print(warning, style="yellow", markup=False)
    spans = {one["passage"]: (one["start"], one["end"]) for one in body.get("spans", ())}
    ranked = sorted(body["passages"], key=lambda p: (p["id"] not in spans, -p["attention"]))
    for place, passage in enumerate(ranked):
        bar = "█" * round(passage["relevance"] * BAR_WIDTH)
        console.print(
            Text.assemble(
                f"{passage['relevance']:6.1%} {bar:<{BAR_WIDTH}} ",
                passage["title"] or passage["id"],
                (f"  {passage.get('source') or ''}", "dim"),
            )
        )
        if place < texts:
            span = spans.get(passage["id"])
            console.print(Text("       ").append(excerpt(passage["text"] or "", span)))


def sureness(confidence: float | None, found: bool) -> str:
    """How sure the reader is, in the page's words (docs/how-it-works.md).

    >>> sureness(0.06, True)
    'Probably wrong (6%): trust the passages, not the answer.'
    >>> sureness(0.75, True), sureness(0.7499, True), sureness(0.9, False)
    ('Sure (75%).', 'Fairly sure (74%).', 'Nothing found.')
    """
    if not found:
        return "Nothing found."
    if confidence is None:
        return "How sure the reader is, is not known."
    word, advice = next((said for least, *said in BANDS if confidence >= least), BANDS[-1][1:])
    whole = math.floor(100 * confidence + 1e-6)  # 74.9% is not yet what 75% is called
    return f"{word} ({whole}%){f': {advice}' if advice else ''}."


def excerpt(text: str, span: tuple[int, int] | None = None, limit: int = EXCERPT) -> Text:
    """The beginning of a text, or what stands around a span of it, the span shown strongly.

    >>> excerpt("one two three", None, 9).plain
    'one two …'
    >>> excerpt("one two three four five", (8, 13), 12).plain
    '… two three four …'
    """
    if span is None:
        flat = " ".join(text.split())
        cut = flat if len(flat) <= limit else flat[: flat.rfind(" ", 0, limit)] + " …"
        return Text(cut, style="dim")
    start, end = span
    before, inside, after = (
        BLANKS.sub(" ", part) for part in (text[:start], text[start:end], text[end:])
    )
    room = limit // 2
    if len(before) > room:
        before = before[-room:]
        before = "…" + before[before.find(" ") :]
    if len(after) > room:
        after = after[: after.rfind(" ", 0, room)] + " …"
    return Text.assemble((before, "dim"), (inside, "bold"), (after, "dim"))
