"""Two replicas and a trainer on one Redis: it and a replica are killed under load, nothing is lost.

The long form is `python -m tests.worlds.replicas --seconds 600`.
"""

from pathlib import Path

import pytest

from tests.worlds.replicas import run


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_was_acknowledged_is_logged_and_trained_on_once(tmp_path: Path) -> None:
    outcome = run(tmp_path, seconds=12.0, pause_s=0.1)
    assert outcome.redis_kills >= 1 and outcome.replica_kills >= 1
    assert outcome.acknowledged > 20
    assert (outcome.lost, outcome.doubled, outcome.unseen) == (0, 0, 0), outcome
    assert outcome.logged >= outcome.acknowledged
    assert outcome.trained == outcome.logged and outcome.left_out == {}, outcome
    assert len(set(outcome.generation)) == 1
    assert outcome.is_sound
