"""BEIR's folders: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv, read as questions and written.

Knows the files; searches nothing.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from evaluation.formats.trec import read_qrels
from evaluation.questions import LabelledQuestion, read_questions
from reread.errors import BadRequest
from reread.records import Passage


def read_labelled(path: Path, split: str | None = None) -> list[LabelledQuestion]:
    """A questions file, or a BEIR folder's judged queries (split `test` where none is named)."""
    return read_beir(path, split or "test") if path.is_dir() else read_questions(path, split=split)


def read_beir(folder: Path, split: str = "test") -> list[LabelledQuestion]:
    """The judged queries of a split, in the file's order; answers there are none."""
    qrels = read_qrels(folder / "qrels" / f"{split}.tsv")
    questions = []
    for number, line in enumerate(_lines(folder / "queries.jsonl"), 1):
        fields = _object(folder / "queries.jsonl", number, line)
        gold = [name for name, value in qrels.get(str(fields.get("_id")), {}).items() if value > 0]
        if gold:
            text = str(fields.get("text", "")).strip()
            questions.append(LabelledQuestion(str(fields["_id"]), text, (), tuple(gold)))
    if not questions:
        raise BadRequest(f"{folder} judges none of its queries in qrels/{split}.tsv.")
    return questions


def write_corpus(path: Path, passages: Iterable[Passage]) -> int:
    """One object a line; `metadata` keeps the source."""
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for one in passages:
            count += 1
            body = {
                "_id": one.id,
                "title": one.title,
                "text": one.text,
                "metadata": {"source": one.source},
            }
            stream.write(json.dumps(body, ensure_ascii=False) + "\n")
    return count


def write_queries(folder: Path, questions: Sequence[LabelledQuestion], split: str = "test") -> None:
    """queries.jsonl, and the gold passages of those that name some as qrels."""
    queries = [{"_id": one.id, "text": one.question} for one in questions]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in queries)
    (folder / "queries.jsonl").write_text(text, encoding="utf-8")
    (folder / "qrels").mkdir(exist_ok=True)
    rows = [
        f"{one.id}\t{passage}\t1\n"
        for one in questions
        for passage in dict.fromkeys(one.passage_ids)
    ]
    heading = "query-id\tcorpus-id\tscore\n"
    (folder / "qrels" / f"{split}.tsv").write_text(heading + "".join(rows), encoding="utf-8")


def _lines(path: Path) -> list[str]:
    try:
        return [one for one in path.read_text(encoding="utf-8-sig").split("\n") if one.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read ({error}).") from error


def _object(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadRequest(f"{path}, line {number} is not JSON ({error}).") from error
    if not isinstance(fields, dict) or "_id" not in fields:
        raise BadRequest(f"{path}, line {number} is no query; each has `_id` and `text`.")
    return fields
