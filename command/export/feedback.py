"""`reread export feedback`: what people said of answers as a data set for FiD, SQuAD or BEIR."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from command.options import HomeOption, home_of, settings_from, stores_of
from command.terminal.console import make_console
from reread.errors import BadRequest

if TYPE_CHECKING:
    from evaluation.questions import LabelledQuestion
    from reread.artefacts.passages import PassageStore
    from reread.records import Passage
    from trainer.examples import Example
    from trainer.loop.window import LogWindow

FORMATS = ("fid", "squad", "beir", "questions")


def export_feedback(
    output: Annotated[Path, typer.Option(help="FiD's or SQuAD's JSON file, or BEIR's folder.")],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="fid, squad, beir; questions: JSONL for evaluate and calibrate."
        ),
    ] = "fid",
    home: HomeOption = None,
) -> None:
    """Write confirmed and corrected answers and marked passages, as far as they still hold."""
    from reread.artefacts.passages import open_corpus
    from reread.live.guards import standing
    from trainer.loop.window import read_window

    if form not in FORMATS:
        raise BadRequest(f"--format is {form!r}; choose {', '.join(FORMATS)}.")
    settings = settings_from(home=home)
    place = home_of(settings)
    with closing(stores_of(settings).open_log()) as log:
        limit = max(1, log.last_sequence())
        window = read_window(place, log, limit=limit, seen=0, check=lambda: None)
    labels = window.selection.people.labels()
    if not labels:
        raise BadRequest(
            f"Nobody said anything of the {window.records} logged answers that still holds "
            f"({window.feedback['outdated_answers']} words are of documents changed since)."
        )
    count = write(form, output, labels, window, standing(place, open_corpus(place)))
    left = len(labels) - count
    told = f"; {left} have no passage that {form} needs" if left else ""
    make_console().print(f"{count} questions people judged are in {output}{told}.", markup=False)


def write(
    form: str,
    output: Path,
    labels: Sequence[LabelledQuestion],
    window: LogWindow,
    store: PassageStore,
) -> int:
    """How many questions the form could hold."""
    if form == "questions":
        return write_questions(output, labels)
    if form == "beir":
        return write_beir(output, labels, store)
    from trainer.feedback import question_key

    examples = {question_key(one.question): one for one in window.selection.examples}
    if form == "fid":
        return write_fid(output, labels, examples, store)
    from evaluation.formats.squad import place, write_squad

    placed = [
        place(one, marked_first(one, examples.get(question_key(one.question)), store))
        for one in labels
    ]
    known = [one for one in placed if one is not None]
    write_squad(output, known)
    return len(known)


def write_questions(output: Path, labels: Sequence[LabelledQuestion]) -> int:
    """Those with an answer, as `reread evaluate` and `reread calibrate` read them."""
    from reread.commit import replaced_file

    answered = [one for one in labels if one.answers]
    with replaced_file(output) as stream:
        for one in answered:
            body = {"id": one.id, "question": one.question, "answers": list(one.answers)}
            gold = {"passage_id": list(one.passage_ids)} if one.passage_ids else {}
            stream.write(json.dumps(body | gold) + "\n")
    return len(answered)


def write_beir(output: Path, labels: Sequence[LabelledQuestion], store: PassageStore) -> int:
    from evaluation.formats.beir import write_corpus, write_queries

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"The folder {output} cannot be made ({error}).") from error
    marked = [one for one in labels if one.passage_ids]
    write_corpus(output / "corpus.jsonl", store.open_passages())
    write_queries(output, marked)
    return len(marked)


def write_fid(
    output: Path,
    labels: Sequence[LabelledQuestion],
    examples: dict[str, Example],
    store: PassageStore,
) -> int:
    """Passages as they were read, with the reader's scores and people's marks in them."""
    from trainer.examples import with_marks
    from trainer.feedback import question_key
    from trainer.fid.files import ScoredQuestion, write_scored_questions

    entries = []
    for one in labels:
        example = examples.get(question_key(one.question))
        passages = tuple(passages_of(one, example, store))
        if not passages:
            continue
        scores = None if example is None else with_marks(example).teacher
        entries.append(
            ScoredQuestion(
                one.id, one.question, one.answers, None, passages, scores, one.passage_ids
            )
        )
    return write_scored_questions(output, entries)


def passages_of(
    label: LabelledQuestion, example: Example | None, store: PassageStore
) -> list[Passage]:
    """Those that were read for the question, else those that were marked."""
    if example is not None:
        return list(example.passages)
    rows = [store.row_of(id) for id in label.passage_ids]
    return [store[row] for row in rows if row is not None]


def marked_first(
    label: LabelledQuestion, example: Example | None, store: PassageStore
) -> list[Passage]:
    found = passages_of(label, example, store)
    return sorted(found, key=lambda one: one.id not in label.passage_ids)
