"""A corpus and a retriever -> a verified, published generation.

Knows the order of the steps (K1 weights, K2 vectors, K3 index, K4 corpus, K5 manifest, K6 rename,
K7 verify, K8 publish, K10 prune) and that a failed one leaves nothing behind; the previous
generation serves meanwhile. Does not know what makes a retriever better.
"""

import time
from dataclasses import replace
from pathlib import Path

from index_builder.build.plan import Corpus, Made, Plan, Progress
from index_builder.build.retirement import retire
from index_builder.ingest.run import take_in_changes
from reread.artefacts.checkpoints import read_checkpoint
from reread.artefacts.generation import LEXICAL_DIR
from reread.artefacts.manifest import Manifest, mark_verified, write_manifest
from reread.artefacts.passages import newest_corpus, open_corpus
from reread.artefacts.publication import OlderCorpus, check_fence, chosen, current, publish
from reread.artefacts.seals import FileSeals, check_files, seal_files
from reread.artefacts.tuned import carry_tuned
from reread.commit import Reach, committed_dir, never, remove_dir, sweep_scratch
from reread.errors import NoCorpus, RereadError
from reread.home import Home, next_number
from reread.log.stores import Stores
from reread.search.words import BM25Retriever

MOST_REBASES = 5  # documents that are built faster than this candidate win; then it is refused


def build_generation(
    home: Home,
    plan: Plan,
    *,
    progress: Progress = lambda stage, fraction: None,
    reach: Reach = never,
    now_s: float | None = None,
    stores: Stores | None = None,
) -> int:
    """Build, verify, publish and prune; returns the new number. `progress` rises to 1.

    Raises Conflict if a higher fence has published meanwhile, or a person has chosen what serves
    since `choice`; then nothing is left either. `stores`: where the log is, if not in the home.
    """
    plan = replace(plan, choice=chosen(home) if plan.choice is None else plan.choice)
    check_fence(home, plan.fence)  # and again when publishing: this one saves hours
    sweep_scratch(home.generations_dir)
    number = _build(home, plan, progress, reach, now_s)
    for _ in range(MOST_REBASES):
        try:
            _verify_and_publish(home, plan, number, progress, reach, stores)
            return number
        except OlderCorpus:
            # Its vectors are reused: only the documents that came meanwhile are encoded.
            rebased = _build(home, plan, progress, reach, now_s)
            remove_dir(home.generations_dir / str(number))
            number = rebased
    _verify_and_publish(home, plan, number, progress, reach, stores)
    return number


def _build(home: Home, plan: Plan, progress: Progress, reach: Reach, now_s: float | None) -> int:
    """The committed, unverified generation over the newest corpus and what was changed since."""
    progress("load", 0.0)
    take_in_changes(home)
    corpus = _open_corpus(home)
    number = next_number(home.generations_dir)
    folder = home.generations_dir / str(number)
    with committed_dir(folder, before_rename=reach) as scratch:
        made = _write_search(home, plan, corpus, scratch, progress, reach)
        _carry_reader(home, plan, scratch)
        _check_corpus_again(corpus)
        reach("K4")
        created_s = time.time() if now_s is None else now_s
        facts = (number, created_s, made)
        write_manifest(scratch, _manifest(home, plan, corpus, facts, seal_files(scratch)))
        reach("K5")
    return number


def _verify_and_publish(
    home: Home,
    plan: Plan,
    number: int,
    progress: Progress,
    reach: Reach,
    stores: Stores | None,
) -> None:
    folder = home.generations_dir / str(number)
    try:
        progress("verify", 0.9)
        mark_verified(folder, plan.verify(folder))
        reach("K7")
        progress("publish", 0.98)
        publish(home, number, plan.fence, choice=plan.choice, reach=reach)
    except OlderCorpus:
        raise  # stays, verified, until the build over the newer corpus has taken its vectors
    except RereadError as error:
        published = current(home)
        if published is not None and published.number > number and not folder.is_dir():
            raise OlderCorpus(
                f"Generation {number} was removed when generation {published.number} was "
                f"published meanwhile: run the build again"
            ) from error
        if published is None or published.number != number:
            remove_dir(folder)
        raise
    except BaseException:
        published = current(home)
        if published is None or published.number != number:
            remove_dir(folder)  # refused or outrun: it must not be found by a later scan
        raise
    retire(home, plan.keep, reach=reach, stores=stores)
    progress("publish", 1.0)


def _open_corpus(home: Home) -> Corpus:
    """Hashed in full: a damaged corpus must not become a sealed generation."""
    number = newest_corpus(home)
    store = open_corpus(home, number, check=True)
    if len(store) == 0:
        raise NoCorpus(f"{store.folder} holds no passages: run `reread ingest PATH` first")
    return Corpus(number, store)


def _write_search(
    home: Home, plan: Plan, corpus: Corpus, scratch: Path, progress: Progress, reach: Reach
) -> Made:
    """K1 to K3."""
    if plan.retriever == "bm25":
        return _write_lexical(corpus, scratch, progress, reach)
    from index_builder.build.vectors import write_vector_search  # words need no torch

    return write_vector_search(home, plan, corpus, scratch, progress, reach)


def _write_lexical(corpus: Corpus, scratch: Path, progress: Progress, reach: Reach) -> Made:
    reach("K1")
    reach("K2")
    progress("index", 0.1)
    passages = (passage for batch in corpus.store.iterate() for passage in batch)
    BM25Retriever.build(passages).save(scratch / LEXICAL_DIR)
    reach("K3")
    return Made("bm25", "BM25", None, None)


def _carry_reader(home: Home, plan: Plan, scratch: Path) -> None:
    """The checkpoint's tuned reader, or that of what serves where nothing was trained."""
    if plan.checkpoint is not None:
        carry_tuned(home.checkpoints_dir / str(plan.checkpoint), scratch)
    elif (serving := current(home)) is not None:
        carry_tuned(home.generations_dir / str(serving.number), scratch)


def _check_corpus_again(corpus: Corpus) -> None:
    """Encoding takes hours: what was read must still be what was hashed."""
    check_files(corpus.store.folder, corpus.store.meta["files"])


def _manifest(
    home: Home,
    plan: Plan,
    corpus: Corpus,
    facts: tuple[int, float, Made],
    files: FileSeals,
) -> Manifest:
    number, created_s, made = facts
    published = current(home)
    trained = None if plan.checkpoint is None else read_checkpoint(home, plan.checkpoint)
    return Manifest(
        number=number,
        retriever=made.retriever,
        model=made.model,
        index=made.factory,
        dimension=made.dimension,
        student=made.student,
        count=len(corpus.store),
        corpus=corpus.number,
        corpus_fingerprint=corpus.store.fingerprint,
        corpus_files=seal_files(corpus.store.folder),
        files=files,
        parent=plan.parent or (published.number if published else None),
        checkpoint=plan.checkpoint,
        cursor=trained.cursor if trained else 0,
        fence=check_fence(home, plan.fence),
        metrics={**(trained.metrics if trained else {}), **plan.metrics},
        created_s=created_s,
    )
