"""Every fault in one table: `python -m tests.faults [--minutes M] [--seed S] [--only WORD]`.

Runs the tests that inject a fault, one process after another, again and again until the time is
over, each at least once; a failed test is an answer or record `lost`, or something `wrong`. Ends
with the table fault | rounds | lost | wrong, and with 1 where a number is not 0. `make test` runs
the same tests once each, among all others.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the system, the tests that do it, and what a failure of them means."""

    name: str
    tests: tuple[str, ...]  # file, or file::test
    loses: bool = False  # something acknowledged; else something is wrong


@dataclass(slots=True)
class Row:
    rounds: int = 0
    lost: int = 0
    wrong: int = 0
    failed: list[str] = field(default_factory=list)  # the seed, the test and what it says


FAULTS = (
    Fault(
        "trainer killed at each publish step",
        (
            "tests/processes/test_kill.py::test_killed_at_a_failpoint",
            "tests/processes/test_kill.py::test_killed_while_training",
        ),
    ),
    Fault(
        "builder killed at each publish step",
        (
            "tests/index_builder/build/test_build.py::test_killed_anywhere_the_next_build_starts_clean",
            "tests/index_builder/build/test_build.py::test_the_first_build_killed_is_no_generation",
            "tests/processes/test_kill.py::test_killed_while_building_takes_the_builder_along",
            "tests/processes/test_trainer.py::test_a_killed_builder_is_started_again_and_publishes_once",
        ),
    ),
    Fault(
        "stale and stopped trainers, two at once",
        (
            "tests/processes/test_kill.py::test_a_stopped_trainer_s_builder_publishes_nothing",
            "tests/processes/test_kill.py::test_a_rollback_during_a_retrain_stays",
            "tests/processes/test_trainer.py::test_a_trainer_that_lost_its_lease_commits_nothing",
            "tests/reread/log/test_jobs.py::test_two_claims_at_once_are_one",
            "tests/reread/log/test_jobs.py::test_fifty_concurrent_requests_are_one_job",
        ),
    ),
    Fault(
        "service and a second writer killed under load, while it swaps",
        ("tests/processes/test_killed_service.py",),
        loses=True,
    ),
    Fault(
        "log writer killed",
        (
            "tests/reread/log/test_attention_log.py::test_acknowledged_records_survive_a_kill",
            "tests/reread/log/test_changes.py::"
            "test_an_appended_change_survives_a_kill_and_half_an_append_is_none",
        ),
        loses=True,
    ),
    Fault(
        "torn manifest and CURRENT, at every byte",
        (
            "tests/index_builder/build/test_verify.py::test_a_manifest_cut_anywhere_is_refused",
            "tests/reread/artefacts/test_publication.py::"
            "test_every_truncation_of_current_still_names_one",
            "tests/reread/artefacts/test_seals.py::test_every_truncation_is_refused",
        ),
    ),
    Fault(
        "flipped bits in every file",
        (
            "tests/index_builder/build/test_verify.py::"
            "test_flipped_bytes_in_any_file_are_refused_and_the_older_one_serves",
            "tests/reread/artefacts/test_seals.py::test_every_flipped_bit_is_refused",
            "tests/reread/artefacts/test_passages.py::test_every_flipped_byte_is_seen",
            "tests/reread/log/test_damage.py",
        ),
    ),
    Fault(
        "full disk and failing fsync at each write",
        (
            "tests/reread/test_commit.py::test_a_full_disk_is_a_sentence_and_leaves_the_old_file",
            "tests/reread/test_commit.py::test_a_failed_fsync_discards_the_stage",
            "tests/index_builder/build/test_build.py::"
            "test_a_full_disk_at_any_write_leaves_the_old_generation",
            "tests/reread/log/test_attention_log.py::test_a_full_disk_fails_loudly_and_recovers",
        ),
        loses=True,
    ),
    Fault(
        "log gone, replaced, not writable",
        (
            "tests/reread/log/test_damage.py::test_a_log_that_is_gone_refuses_and_says_so",
            "tests/service/routes/test_admin.py::test_readiness_is_red_when_nothing_can_be_logged",
            "tests/service/test_faults.py::test_an_answer_that_cannot_be_logged_is_withheld",
        ),
        loses=True,
    ),
    Fault(
        "files cut or changed in service",
        (
            "tests/reread/artefacts/test_passages.py::"
            "test_a_file_cut_short_in_service_is_an_error_not_the_end",
            "tests/reread/artefacts/test_passages.py::test_an_overwritten_text_is_not_shown",
            "tests/service/routes/test_admin.py::test_an_older_generation_that_stands_in_is_told",
        ),
    ),
    Fault(
        "silent, slow and half connections",
        ("tests/processes/test_connections.py", "tests/service/http/test_envelope.py"),
    ),
    Fault(
        "oversized, lying and broken bodies",
        ("tests/service/http/test_bad_requests.py", "tests/service/http/test_contract.py"),
    ),
    Fault("pages of other sites", ("tests/service/http/test_hosts.py",)),
    Fault(
        "overload",
        (
            "tests/service/test_faults.py::test_a_full_queue_is_a_429_at_once_and_the_rest_is_answered",
            "tests/service/test_overload.py",
        ),
    ),
    Fault("hung reader", ("tests/service/test_hanging.py",)),
    Fault(
        "clock jumps",
        ("tests/reread/log/test_jobs.py::test_a_clock_jump_frees_the_job_and_the_fence_protects",),
    ),
    Fault(
        "SIGTERM with requests in flight",
        (
            "tests/processes/test_service.py::test_a_life_from_an_empty_home_to_a_drained_end",
            "tests/processes/test_service.py::test_the_drain_has_an_end_even_inside_the_model",
        ),
    ),
    Fault(
        "swaps under load",
        (
            "tests/service/test_faults.py::"
            "test_every_answer_is_of_one_generation_while_they_swap_under_load",
            "tests/service/routes/test_admin.py::"
            "test_swapping_real_generations_under_load_never_mixes_them",
            "tests/service/test_swaps.py",
        ),
    ),
    Fault("Redis down, slow, full, empty", ("tests/reread/log/redis",), loses=True),
    Fault(
        "Redis and a replica killed under load",
        ("tests/processes/test_replicas.py",),
        loses=True,
    ),
    Fault("backup of a running home", ("tests/command/upkeep/test_copies.py",), loses=True),
    Fault(
        "files of another generation, and crafted ones",
        (
            "tests/index_builder/build/test_verify.py::test_an_index_of_another_generation_is_refused",
            "tests/index_builder/build/test_verify.py::test_vectors_of_other_weights_are_refused",
            "tests/index_builder/build/test_verify.py::"
            "test_a_crafted_index_ends_the_child_and_not_this_process",
        ),
    ),
    Fault(
        "candidates that are worse, and a person's choice",
        (
            "tests/trainer/loop/test_gate.py::test_the_worse_candidate_is_refused_on_every_count",
            "tests/reread/artefacts/test_publication.py::"
            "test_a_persons_choice_outranks_a_job_that_began_before_it",
            "tests/index_builder/build/test_rebase.py",
        ),
    ),
    Fault(
        "generations that do not fit in memory, or are damaged at the start",
        (
            "tests/service/answering/test_live.py::test_a_failure_that_may_pass_is_tried_again_later",
            "tests/service/answering/test_live.py::"
            "test_a_start_with_a_damaged_generation_takes_the_newest_sound_one",
        ),
    ),
    Fault(
        "requests across a swap, and what they hold pruned",
        (
            "tests/service/test_faults.py::test_a_slow_request_finishes_on_its_generation_after_a_swap",
            "tests/service/answering/test_live.py::"
            "test_readers_never_see_a_freed_generation_over_many_swaps",
            "tests/index_builder/build/test_build.py::"
            "test_an_open_generation_answers_after_it_was_pruned",
        ),
    ),
    Fault(
        "clients that leave, and a reader that chokes or dies",
        (
            "tests/service/test_faults.py::test_a_client_that_leaves_is_not_answered",
            "tests/service/test_faults.py::test_a_stream_left_in_the_middle_stops_the_reader",
            "tests/service/test_faults.py::test_a_request_the_reader_chokes_on_fails_alone",
            "tests/service/test_faults.py::test_a_dead_reader_turns_readiness_red_and_nobody_hangs",
        ),
    ),
    Fault("read-only home", ("tests/command/test_read_only.py",)),
    Fault(
        "power lost at any write of the log",
        ("tests/reread/log/test_power_loss.py",),
        loses=True,
    ),
    Fault(
        "generations that are slow at first use",
        (
            "tests/service/answering/test_live.py::"
            "test_the_first_use_of_a_generation_is_paid_before_it_serves",
        ),
    ),
    Fault("forks beside loaded models", ("tests/test_spawning.py",)),
    Fault("locked log", ("tests/reread/log/test_locked.py",), loses=True),
    Fault(
        "homes and manifests of other versions",
        (
            "tests/homes/test_old_homes.py",
            "tests/index_builder/build/test_verify.py::test_a_manifest_of_a_later_version_says_so",
        ),
    ),
    Fault("bombs among documents", ("tests/index_builder/ingest/test_workers.py",)),
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--minutes", type=float, default=60.0, help="for further rounds")
    parser.add_argument("--seed", type=int, default=0, help="of the order, and of what is random")
    parser.add_argument("--only", default="", help="faults whose names hold this")
    given = parser.parse_args(arguments)
    faults = [one for one in FAULTS if given.only.lower() in one.name.lower()]
    rows = {one.name: Row() for one in faults}
    deadline = time.monotonic() + given.minutes * 60
    order, seed = random.Random(given.seed), given.seed
    while faults and (time.monotonic() < deadline or not all(row.rounds for row in rows.values())):
        order.shuffle(faults)
        for fault in faults:
            if time.monotonic() >= deadline and rows[fault.name].rounds:
                continue
            inject(fault, rows[fault.name], seed)
            print(f"{fault.name}: {rows[fault.name]}", file=sys.stderr, flush=True)
        seed += 1
    print(table(rows))
    return int(any(row.lost or row.wrong for row in rows.values()))


def inject(fault: Fault, row: Row, seed: int) -> None:
    """Run a fault's tests once, and count."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "0", "-q", "--timeout=1800",
             f"--junitxml={report}", *fault.tests],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": str(seed % 2**32)},
            stdout=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        done, failed = counts(report)
    row.rounds += done
    row.failed += [f"seed {seed}: {one}" for one in failed]
    if fault.loses:
        row.lost += len(failed)
    else:
        row.wrong += len(failed)


def counts(report: Path) -> tuple[int, list[str]]:
    """Tests that ran, and what failed of them; a run that says nothing has failed."""
    if not report.exists():
        return 1, ["pytest wrote no report"]
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    ran = [one for one in cases if one.find("skipped") is None]
    failed = [
        (one, kind) for one in ran for kind in ("failure", "error") if one.find(kind) is not None
    ]
    said = [
        f"{one.get('classname')}::{one.get('name')}: {_first(one.find(kind))}"
        for one, kind in failed
    ]
    return max(len(ran), len(failed)), said


def _first(said: ElementTree.Element | None) -> str:
    return "" if said is None else str(said.get("message", ""))[:300].partition("\n")[0]


def table(rows: dict[str, Row]) -> str:
    """
    >>> print(table({"hung reader": Row(3, 0, 1)}))
    | fault | rounds | lost | wrong |
    | --- | ---: | ---: | ---: |
    | hung reader | 3 | 0 | 1 |
    """
    lines = ["| fault | rounds | lost | wrong |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {name} | {row.rounds} | {row.lost} | {row.wrong} |" for name, row in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
