"""Questions files: both spellings of answers, and bad lines named."""

from pathlib import Path

import pytest

from evaluation.questions import LabelledQuestion, read_questions
from reread.errors import BadRequest


def write(folder: Path, text: str) -> Path:
    path = folder / "q.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_every_accepted_form(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '\ufeff{"question": " Who? ", "answers": ["a", "b"], "passage_id": "p", "id": 7}\n'
        "\n"
        '{"question": "line\u2028separator", "answer": "a"}\n'
        '{"question": "Where?", "answer": ["x"], "passage_id": ["p", "q"], "target": "y"}\n',
    )
    assert read_questions(path) == [
        LabelledQuestion("7", "Who?", ("a", "b"), ("p",)),
        LabelledQuestion("3", "line\u2028separator", ("a",)),
        LabelledQuestion("4", "Where?", ("x",), ("p", "q"), target="y"),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("not json", "line 2 is not JSON"),
        ("[1]", "line 2 is list"),
        ('{"answers": ["a"]}', "line 2: `question` must be"),
        ('{"question": "  ", "answers": ["a"]}', "line 2: `question` must be"),
        ('{"question": "q"}', "line 2: `answers` must be"),
        ('{"question": "q", "answers": []}', "line 2: `answers` must be"),
        ('{"question": "q", "answers": [1]}', "line 2: `answers` must hold texts"),
        ('{"question": "q", "answer": "a", "passage_id": 3}', "line 2: `passage_id` must be"),
        ('{"question": "q", "answer": "a", "target": ["a"]}', "line 2: `target` must be a text"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = write(tmp_path, '{"question": "q", "answer": "a"}\n' + line + "\n")
    with pytest.raises(BadRequest, match=complaint):
        read_questions(path)


def test_an_empty_or_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="holds no question"):
        read_questions(write(tmp_path, "\n\n"))
    with pytest.raises(BadRequest, match="Cannot read"):
        read_questions(tmp_path / "absent.jsonl")
