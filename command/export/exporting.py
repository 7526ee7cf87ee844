"""`reread export`: corpus, retrievals and feedback in the forms that others use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from command.export.feedback import export_feedback
from command.models import reader_loader, set_threads
from command.options import HomeOption, ReaderOption, home_of, settings_from
from command.settings import Settings
from command.terminal.console import make_console, progress_bar
from reread.errors import BadRequest, NoGeneration

if TYPE_CHECKING:
    from reread.artefacts.passages import PassageStore
    from trainer.fid.files import ScoredQuestion


def add_commands(app: typer.Typer) -> None:
    export = typer.Typer(
        help="Write passages and questions in the forms that DPR, FiD, BEIR and TREC use.",
        no_args_is_help=True,
    )
    export.command("passages")(export_passages)
    export.command("questions")(export_questions)
    export.command("beir")(export_beir)
    export.command("trec")(export_trec)
    export.command("feedback")(export_feedback)
    app.add_typer(export, name="export")


def export_passages(
    output: Annotated[Path, typer.Option(help="DPR's TSV: id, text, title.")],
    home: HomeOption = None,
    corpus: Annotated[int | None, typer.Option(help="Corpus version; default: the newest.")] = None,
) -> None:
    """Write the home's passages as DPR's TSV."""
    from index_builder.ingest.parsers.records import write_tsv
    from reread.artefacts.passages import open_corpus
    from reread.commit import replaced_file
    from reread.live.guards import standing

    check_output(output)
    place = home_of(settings_from(home=home))
    store = standing(place, open_corpus(place, corpus))
    with replaced_file(output) as stream:
        count = write_tsv(stream, store.open_passages())
    told = f"{count} passages of corpus {store.folder.name} are in {output}{left_out(store)}."
    make_console().print(told)


def export_beir(
    output: Annotated[Path, typer.Option(help="Folder for corpus.jsonl, queries.jsonl, qrels/.")],
    home: HomeOption = None,
    questions: Annotated[
        Path | None, typer.Option(help="JSONL: question, passage_id?; becomes queries and qrels.")
    ] = None,
    split: Annotated[str, typer.Option(help="Name of the qrels file.")] = "test",
    corpus: Annotated[int | None, typer.Option(help="Corpus version; default: the newest.")] = None,
) -> None:
    """Write the home's passages, and questions where given, as a BEIR data set."""
    from evaluation.formats.beir import write_corpus, write_queries
    from evaluation.questions import read_questions
    from reread.artefacts.passages import open_corpus
    from reread.live.guards import standing

    labelled = None if questions is None else read_questions(questions)
    place = home_of(settings_from(home=home))
    store = standing(place, open_corpus(place, corpus))
    make_folder(output)
    count = write_corpus(output / "corpus.jsonl", store.open_passages())
    if labelled is not None:
        write_queries(output, labelled, split)
    told = f"{count} passages and {len(labelled or ())} queries are in {output}{left_out(store)}."
    make_console().print(told)


def export_trec(
    questions: Annotated[
        Path, typer.Option(help="JSONL: question, passage_id?; or BEIR's folder.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for run.txt and qrels.txt.")],
    home: HomeOption = None,
    top_k: Annotated[int, typer.Option(help="Passages per question.")] = 100,
    split: Annotated[str | None, typer.Option(help="Only that split.")] = None,
) -> None:
    """Write what the published generation finds as a TREC run, and the gold passages as qrels."""
    from evaluation.formats.beir import read_labelled
    from evaluation.formats.trec import judged_names, write_qrels, write_run
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current
    from reread.live.guards import standing

    if not 1 <= top_k <= 1000:
        raise BadRequest(f"--top-k is {top_k}; choose 1 to 1000.")
    labelled = read_labelled(questions, split)
    settings = settings_from(home=home)
    place = home_of(settings)
    published = current(place)
    if published is None:
        raise NoGeneration("Nothing is published; run `reread ingest PATH` and `reread build`.")
    make_folder(output)
    set_threads(settings)
    generation = Generation.open(place, published.number, device=settings.device)
    standing(place, generation.passages)
    found = generation.search([one.question for one in labelled], top_k)
    ranked = []
    for one, hits in zip(labelled, found, strict=True):
        passages = generation.passages.get([hit.row for hit in hits])
        scored = [(p.id, hit.score) for p, hit in zip(passages, hits, strict=True)]
        ranked.append((one.id, judged_names(one.passage_ids, scored)))
    count = write_run(output / "run.txt", ranked)
    lines = write_qrels(output / "qrels.txt", ((one.id, one.passage_ids) for one in labelled))
    make_console().print(f"{count} queries and {lines} judgements are in {output}.")


def left_out(store: PassageStore) -> str:
    """A clause on what stays in the home: whoever is given an export holds no label."""
    count = len(store.guards.labels_of)
    return f"; {count} under access labels are left out" if count else ""


def make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"The folder {output} cannot be made ({error}).") from error


def export_questions(
    questions: Annotated[
        Path, typer.Option(help="JSONL: question, answers, id?, target?; FiD's JSON with --given.")
    ],
    output: Annotated[Path, typer.Option(help="FiD's JSON; lines if it ends in .jsonl.")],
    home: HomeOption = None,
    top_k: Annotated[int, typer.Option(help="Passages per question.")] = 100,
    attention: Annotated[
        bool, typer.Option("--attention", help="The reader's attention as score.")
    ] = False,
    given: Annotated[
        bool, typer.Option("--given", help="Keep the file's own `ctxs`; nothing is retrieved.")
    ] = False,
    split: Annotated[str | None, typer.Option(help="Only lines whose `split` is this.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N questions.")] = None,
    reader: ReaderOption = None,
) -> None:
    """Write questions with the published generation's passages and scores as FiD's JSON."""
    from trainer.fid.files import write_scored_questions
    from trainer.fid.retrieved_questions import attended_questions

    if not 1 <= top_k <= 100:
        raise BadRequest(f"--top-k is {top_k}; choose 1 to 100.")
    if given and split is not None:
        raise BadRequest("--split and --given exclude each other: FiD's files have no splits.")
    check_output(output)
    settings = settings_from(home=home, reader=reader)
    set_threads(settings)
    console = make_console()
    with progress_bar(console, "Exporting") as report:
        share = partial(report, "questions")
        if given:
            number, found = None, given_questions(questions, top_k, limit, console, share)
        else:
            number, found = retrieved_questions(settings, questions, top_k, split, limit, share)
        if attention:
            found = attended_questions(reader_loader(settings)(), found, number)
        count = write_scored_questions(output, found)
    console.print(f"{count} questions are in {output}.")


def retrieved_questions(
    settings: Settings,
    path: Path,
    top_k: int,
    split: str | None,
    limit: int | None,
    share: Callable[[float], None],
) -> tuple[int, Iterator[ScoredQuestion]]:
    """The published generation's number, and what it finds for the questions of a file."""
    from evaluation.questions import read_questions
    from reread.artefacts.generation import Generation
    from reread.artefacts.publication import current
    from reread.live.guards import standing
    from trainer.fid.retrieved_questions import retrieve_questions

    home = home_of(settings)
    labelled = read_questions(path, split=split)[:limit]
    published = current(home)
    if published is None:
        raise NoGeneration("Nothing is published; run `reread ingest PATH` and `reread build`.")
    generation = Generation.open(home, published.number, device=settings.device)
    standing(home, generation.passages)
    return generation.number, retrieve_questions(generation, labelled, top_k, share)


def given_questions(
    path: Path,
    top_k: int,
    limit: int | None,
    console: Console,
    share: Callable[[float], None],
) -> Iterator[ScoredQuestion]:
    """The file's questions with their first `top_k` passages and no others."""
    from trainer.fid.files import read_scored_questions
    from trainer.fid.retrieved_questions import first_passages

    found = read_scored_questions(path)
    for sentence in found.sentences():
        console.print(f"{path}: {sentence}", markup=False)
    return first_passages(found.entries[:limit], top_k, share)


def check_output(output: Path) -> None:
    """Before any work: the file's folder is there, and the file may be replaced."""
    if not output.parent.is_dir():
        raise BadRequest(f"The folder {output.parent} is not there; make it or change --output.")
    if output.exists() and not output.is_file():
        raise BadRequest(f"{output} is not a file; change --output.")
