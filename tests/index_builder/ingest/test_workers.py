"""Children under limits: a job that stalls, dies or eats memory costs itself and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

from index_builder.ingest.files import FoundFile
from index_builder.ingest.parsing import parse_files
from index_builder.ingest.workers import MEGABYTE, Failure, Limits, work_through
from tests.worlds.samples import write_word_xml


def do(job: str) -> str:
    """What a parser may do to its process."""
    if job == "stall":
        time.sleep(600)
    if job == "die":
        os._exit(3)
    if job == "eat":
        try:
            return str(len(bytearray(400 * MEGABYTE)))
        except MemoryError:
            return "refused"
    return job.upper()


def test_results_come_in_order_and_bad_jobs_alone_fail() -> None:
    jobs = ["a", "stall", "b", "die", "c", "eat", "d"]
    results = list(
        work_through(
            jobs,
            do,
            children=2,
            seconds=lambda job: 3.0 if job == "stall" else 60.0,
            memory_bytes=200 * MEGABYTE,
        )
    )
    assert [results[i] for i in (0, 2, 4, 6)] == ["A", "B", "C", "D"]
    assert isinstance(results[1], Failure) and "longer than 3 s" in results[1]
    assert isinstance(results[3], Failure) and "crashed or ran out of memory" in results[3]
    assert results[5] == "refused"


def test_a_bomb_is_refused_in_bounded_time_and_memory(tmp_path: Path) -> None:
    """A 150 kB file of 800,000 paragraphs took 587 MB and more than 45 s."""
    path = write_word_xml(tmp_path / "bomb.docx", "<w:p><w:r><w:t>a b</w:t></w:r></w:p>" * 300_000)
    file = FoundFile(path, ".docx", path.stat().st_size)
    started = time.monotonic()
    limits = Limits(seconds=2.0, seconds_per_megabyte=0.0, memory_bytes=300 * MEGABYTE)
    ((_, result),) = parse_files([file], 1, limits)
    assert result.pieces == () and "split" in result.reason
    assert time.monotonic() - started < 60


def test_a_larger_file_has_more_time() -> None:
    limits = Limits()
    assert limits.seconds_for(0) == 60 and limits.seconds_for(MEGABYTE) == 80
    assert limits.seconds_for(1 << 40) == 1800
