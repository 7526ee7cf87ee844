"""The table of faults: it names tests that exist, and counts what they say."""

from pathlib import Path

from tests.faults import FAULTS, ROOT, Fault, Row, counts, inject


def test_every_fault_has_its_tests() -> None:
    for fault in FAULTS:
        for one in fault.tests:
            file, _, name = one.partition("::")
            assert (ROOT / file).exists(), one
            assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), one
    assert len({one.name for one in FAULTS}) == len(FAULTS)


def test_a_failed_test_is_counted_as_what_the_fault_costs(tmp_path: Path) -> None:
    bad = tmp_path / "test_bad.py"
    bad.write_text(
        "import pytest\n"
        "def test_sound(): pass\n"
        "def test_unsound(): assert False\n"
        "@pytest.mark.skip\ndef test_elsewhere(): pass\n"
    )
    lost, wrong = Row(), Row()
    inject(Fault("a", (str(bad),), loses=True), lost, 0)
    inject(Fault("b", (str(bad),)), wrong, 0)
    assert (lost.rounds, lost.lost, lost.wrong) == (2, 1, 0)
    assert (wrong.rounds, wrong.lost, wrong.wrong) == (2, 0, 1)
    [said] = lost.failed  # which one it was, and what it said: a round is not run again for it
    assert said.startswith("seed 0: ") and "test_unsound: assert False" in said


def test_a_run_that_said_nothing_has_failed(tmp_path: Path) -> None:
    assert counts(tmp_path / "none.xml") == (1, ["pytest wrote no report"])
