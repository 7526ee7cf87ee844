"""An answer in a terminal: where it stands comes first, with the words around it."""

import io

from rich.console import Console

from command.terminal.answers import show_answer

CUT = "Read to [a]"
BODY = {
    "question": "How many are kept?", "answer": "three", "found": True, "confidence": 0.52,
    "generation": 2, "reader": "starter", "timings_ms": {"total": 41.6}, "warnings": [CUT],
    "spans": [{"passage": "b", "start": 300, "end": 305}],
    "passages": [
        {"id": "a", "title": "Files", "text": "Old ones go.", "source": "tree.md",
         "relevance": 0.69, "attention": -3.9},
        {"id": "b", "title": "Retrain", "text": "x " * 150 + "three are [kept] " + "y " * 150,
         "source": "operating.md", "relevance": 0.26, "attention": -4.9},
    ],
}  # fmt: skip


def shown(body: dict) -> list[str]:
    stream = io.StringIO()
    show_answer(Console(file=stream, width=200, no_color=True), body)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_what_holds_the_answer_comes_first_with_the_words_around_it() -> None:
    """Defect: the passage shown first was another, and the answer stood behind the cut."""
    lines = shown(BODY)
    assert "│ three" in lines[1]
    assert lines[3:6] == [
        "Fairly sure (52%).",
        "generation 2   reader starter   42 ms",
        CUT,
    ]
    assert lines[6] == f" 26.0% {'█' * 6:24} Retrain  operating.md"
    assert "x three are [kept] y" in lines[7]
    assert lines[7].strip().startswith("… x") and lines[7].endswith("y …")
    assert lines[8:] == [f" 69.0% {'█' * 17:24} Files  tree.md", "       Old ones go."]


def test_nothing_found_is_said_in_words() -> None:
    lines = shown({**BODY, "answer": "", "found": False, "spans": []})
    assert "Your documents do not seem to answer this" in lines[1]
    assert lines[3] == "Nothing found."
