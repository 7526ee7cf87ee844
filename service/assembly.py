"""The service's parts over one home, put together with their threads running, and taken apart.

Knows which part needs which; knows no socket and no signal.
"""

import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reread.artefacts.sources import known_roots
from reread.home import Home
from reread.live.fit import FitWatch, Sees
from reread.log.attention_log import AttentionLog
from reread.log.changes import ChangeList
from reread.log.group_commit import GroupCommitter
from reread.log.privacy import Discretion, discretion_of
from reread.log.retention import Retention
from reread.log.stores import Stores
from service.answering.documents import HomeDocuments, SplitsDocuments
from service.answering.encoding import EncodingDesk
from service.answering.files import ReadsFile, SentFiles
from service.answering.generations import HomeGenerations, TunedReaders
from service.answering.history import PastAnswers
from service.answering.live import LiveGeneration
from service.answering.pipeline import Pipeline
from service.answering.reading import AnswerReader, LoadTuned, ReaderDesk, Readers
from service.answering.searching import SearchDesk
from service.backlog import Backlog
from service.http.parts import ServiceParts
from service.http.rates import Rate
from service.http.security import Keys
from service.metrics import ServiceMetrics
from service.settings import ServiceSettings
from service.tracing import traced_to

OpenLive = Callable[[Home, ServiceSettings, ServiceMetrics], LiveGeneration]
PACKAGES = ("reread", "torch", "transformers", "faiss-cpu", "faiss-gpu", "fastapi", "apsw")


@contextmanager
def assembled(
    settings: ServiceSettings,
    home: Home,
    readers: Readers,
    keys: Keys,
    check_retrain: Callable[[Mapping[str, Any]], object],
    trainer_pid: Callable[[], int | None],
    split: SplitsDocuments,
    read_file: ReadsFile,
    open_live: OpenLive | None = None,
    *,
    stores: Stores | None = None,
    trainer_trouble: Callable[[], str | None] = lambda: None,
    sight: Sees | None = None,  # what documents are cut for; None: nobody asks
) -> Iterator[ServiceParts]:
    """The parts over one home with their threads running; all of it stopped at the end."""
    with ExitStack() as closing:
        metrics = ServiceMetrics()
        tracing = closing.enter_context(
            traced_to(settings.traces_url, with_questions=settings.trace_questions)
        )
        stores = stores or Stores(home, settings.log_sync)
        log = stores.open_log_to_write()
        closing.callback(log.close)
        changes = ChangeList(home.changes_file, settings.log_sync)
        closing.callback(changes.close)
        discretion = discretion_in(home, settings, log, closing)
        recorder = GroupCommitter(log, discretion)
        closing.callback(recorder.close)
        board = stores.open_board()
        closing.callback(board.close)
        opening = open_live or partial(live_generation, changes, readers.load_tuned)
        live = opening(home, settings, metrics)
        documents = HomeDocuments(
            home, changes, log, split, on_change=live.update, clock=time.time,
            cut_for=lambda: None if sight is None else sight.cut_for,
        )  # fmt: skip
        closing.callback(start_forgetting(documents).set)
        unfit = watch_fit(home, sight, closing)
        searches = search_desk(settings, metrics)
        encodings = EncodingDesk(capacity=settings.max_queue, wait_s=settings.wait_s)
        readings = reader_desk(readers.own, settings, metrics)
        for part in (searches, encodings, readings, live):
            part.start()
            closing.callback(part.stop)
        watch(metrics, live, searches, readings)
        metrics.collect_from(Backlog(home, log, board.list))
        pipeline = Pipeline(
            live, searches, encodings, readings, recorder, metrics,
            top_k=settings.top_k, batch_turns=max(1, settings.max_queue // 2),
            removed_since=changes.removed_since, tracing=tracing,
        )  # fmt: skip
        closing.callback(pipeline.others.close)
        yield ServiceParts(
            settings=settings, keys=keys, rates=rates(settings, stores), home=home,
            pipeline=pipeline,
            history=past_answers(log, home, changes, documents, discretion),
            documents=documents,
            files=SentFiles(documents, read_file),
            roots=partial(known_roots, home),
            jobs=board,
            generations=HomeGenerations(home, changes),
            writer=recorder,
            metrics=metrics,
            check_retrain=check_retrain,
            trainer_pid=trainer_pid, trainer_trouble=trainer_trouble, unfit=unfit,
            log=log, unkept=discretion.loss, versions=versions(),
            tracing=tracing,
            clock=time.time,
        )  # fmt: skip


def start_forgetting(documents: HomeDocuments) -> threading.Event:
    """A thread that takes removed documents out of the log, until the event is set."""
    stop = threading.Event()
    threading.Thread(
        target=documents.keep_forgetting, args=(stop,), name="forget removed", daemon=True
    ).start()
    return stop


def discretion_in(
    home: Home, settings: ServiceSettings, log: AttentionLog, closing: ExitStack
) -> Discretion:
    """What of a record is logged; a thread takes the words out of old ones, where so asked."""
    if settings.log_days:
        stop, retention = threading.Event(), Retention(log, settings.log_days, time.time)
        threading.Thread(
            target=retention.keep_looking, args=(stop,), name="expire words", daemon=True
        ).start()
        closing.callback(stop.set)
    return discretion_of(settings.log_questions, home.question_key_file)


def watch_fit(home: Home, sight: Sees | None, closing: ExitStack) -> Callable[[], str | None]:
    """What tells whether passages are too long for the reader; nothing where nobody asks."""
    if sight is None:
        return lambda: None
    fit = FitWatch(home, sight)
    fit.start()
    closing.callback(fit.stop)
    return lambda: fit.warning


def past_answers(
    log: AttentionLog,
    home: Home,
    changes: ChangeList,
    documents: HomeDocuments,
    discretion: Discretion,
) -> PastAnswers:
    """What the log holds, as far as its documents are still there and may be seen."""
    return PastAnswers(
        log, home, changes.removed_since, documents.passage, documents.labels_now, discretion
    )


def rates(settings: ServiceSettings, stores: Stores) -> tuple[Rate, Rate]:
    """By key and by address; shared by all replicas where they have a Redis."""
    limits = {"key": settings.rate_per_key, "address": settings.rate_per_address}
    by_key, by_address = (
        Rate(what, a_minute, stores.open_buckets(what, a_minute) if a_minute else None)
        for what, a_minute in limits.items()
    )
    return by_key, by_address


def live_generation(
    changes: ChangeList,
    load_tuned: LoadTuned,
    home: Home,
    settings: ServiceSettings,
    metrics: ServiceMetrics,
) -> LiveGeneration:
    generations = HomeGenerations(home, changes, settings.device)
    return LiveGeneration(
        generations.published,
        generations.committed,
        generations.open,
        doubt=generations.doubt,
        reader_of=TunedReaders(home, load_tuned).of,
        poll_s=settings.poll_s,
        on_swap=metrics.swaps.inc,
        on_refusal=metrics.refused_generations.inc,
    )


def search_desk(settings: ServiceSettings, metrics: ServiceMetrics) -> SearchDesk:
    return SearchDesk(
        capacity=settings.max_queue, wait_s=settings.wait_s,
        on_batch=lambda count, _: metrics.search_questions.observe(count),
    )  # fmt: skip


def reader_desk(
    reader: AnswerReader, settings: ServiceSettings, metrics: ServiceMetrics
) -> ReaderDesk:
    return ReaderDesk(
        reader,
        capacity=settings.max_queue,
        batch_passages=settings.batch_passages,
        wait_s=settings.wait_s,
        on_batch=lambda count, _: metrics.batch_questions.observe(count),
    )


def watch(
    metrics: ServiceMetrics, live: LiveGeneration, searches: SearchDesk, readings: ReaderDesk
) -> None:
    """Let the gauges read the parts when they are asked."""
    metrics.watch_generation(lambda: live.number or 0, lambda: live.age_s)
    metrics.watch_queue("search", lambda: searches.depth)
    metrics.watch_queue("reader", lambda: readings.depth)


def versions() -> dict[str, str]:
    """What answers here, for /info and bug reports; packages that are absent are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found.setdefault("reread", "run from its source folder")
    found["faiss"] = found.get("faiss-gpu") or found.get("faiss-cpu") or "absent"
    return found
