"""TREC's run and qrels files: read, written, and measured as trec_eval measures them.

A run line is `query Q0 document rank score tag`, a qrels line `query 0 document relevance`. Knows
ids and scores; knows no question's text.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from evaluation.metrics import is_gold
from reread.errors import BadRequest

Number = TypeVar("Number", int, float)
Run = dict[str, dict[str, float]]  # query -> document -> score
Qrels = dict[str, dict[str, int]]  # query -> document -> relevance
TAG = "reread"
DEPTHS = (1, 5, 10, 20, 100)


def write_run(path: Path, ranked: Iterable[tuple[str, Sequence[tuple[str, float]]]]) -> int:
    """(query, (document, score) best first) each; returns how many queries were written."""
    lines, count = [], 0
    for query, found in ranked:
        count += 1
        lines += [
            f"{token(query)} Q0 {token(document)} {rank} {score:.6f} {TAG}"
            for rank, (document, score) in enumerate(found, 1)
        ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return count


def write_qrels(path: Path, gold: Iterable[tuple[str, Sequence[str]]]) -> int:
    """(query, relevant documents) each; returns how many lines were written."""
    lines = [
        f"{token(query)} 0 {token(document)} 1\n"
        for query, documents in gold
        for document in dict.fromkeys(documents)
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def read_run(path: Path) -> Run:
    """The whole file, or BadRequest with the number of the first line that is none of a run."""
    run: Run = {}
    for number, (query, _, document, _, score, _) in _fields(path, 6):
        run.setdefault(query, {})[document] = _number(path, number, score, float)
    return run


def read_qrels(path: Path) -> Qrels:
    """The whole file; a line of three fields (BEIR's, tab-separated, with a heading) will do."""
    qrels: Qrels = {}
    text = _text(path)
    if text.startswith("query-id"):
        for number, line in enumerate(text.splitlines()[1:], 2):
            parts = line.split("\t")
            if len(parts) != 3:
                raise BadRequest(f"{path}, line {number} has {len(parts)} fields; BEIR's has 3.")
            query, document, relevance = parts
            qrels.setdefault(query, {})[document] = _number(path, number, relevance, int)
        return qrels
    for number, (query, _, document, relevance) in _fields(path, 4):
        qrels.setdefault(query, {})[document] = _number(path, number, relevance, int)
    return qrels


def measure_run(
    qrels: Qrels, run: Run, depths: Sequence[int] = DEPTHS
) -> tuple[dict[str, float], int]:
    """trec_eval's means over the queries that qrels judge, and how many these are.

    A judged query without a line in the run scores 0, as with trec_eval's option -c.
    """
    import ir_measures

    if not qrels:
        raise BadRequest("The qrels judge no query; there is nothing to measure.")
    names = {ir_measures.R @ k: f"recall_at.{k}" for k in depths}
    names |= {ir_measures.nDCG @ k: f"ndcg_at.{k}" for k in depths}
    names |= {ir_measures.RR: "mrr", ir_measures.AP: "map"}
    sums = dict.fromkeys(names.values(), 0.0)
    for found in ir_measures.pytrec_eval.iter_calc(list(names), qrels, run):
        sums[names[found.measure]] += float(found.value)
    return {name: total / len(qrels) for name, total in sums.items()}, len(qrels)


def judged_names(
    gold: Sequence[str], found: Sequence[tuple[str, float]]
) -> list[tuple[str, float]]:
    """Found passages by the names that qrels know: a piece of a gold document is that document.

    >>> judged_names(["sea"], [("land", 3.0), ("sea.2", 2.0), ("sea.1", 1.0)])
    [('land', 3.0), ('sea', 2.0)]
    """
    names: dict[str, float] = {}
    for passage, score in found:
        name = next((one for one in gold if is_gold(passage, one)), passage)
        names.setdefault(name, score)
    return list(names.items())


def token(name: str) -> str:
    """The fields are separated by spaces, so a name has none; nothing else is changed.

    >>> token("guide.md 3")
    'guide.md%203'
    """
    return "".join(f"%{ord(c):02X}" if c.isspace() or c == "%" else c for c in name) or "%"


def _fields(path: Path, wanted: int) -> list[tuple[int, list[str]]]:
    rows = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        parts = line.split()
        if parts and len(parts) != wanted:
            raise BadRequest(
                f"{path}, line {number} has {len(parts)} fields where {wanted} are expected."
            )
        if parts:
            rows.append((number, parts))
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read ({error}).") from error


def _number(path: Path, number: int, text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError as error:
        raise BadRequest(f"{path}, line {number}: {text[:40]!r} is no number.") from error
