"""Settings come from one flat mapping, and refuse what they do not know."""

import json
from pathlib import Path

import pytest

from reread.errors import BadRequest
from trainer.settings import DistilSettings, TrainerSettings, setting_names


def test_names_go_to_their_groups_and_back() -> None:
    given = {"epochs": 5, "learning_rate": 1, "held_out_share": 0.3, "seed": 4, "device": None}
    settings = TrainerSettings.from_mapping({**given, "labelled_questions": "q.jsonl"})
    assert (settings.distil.epochs, settings.distil.learning_rate) == (5, 1.0)
    assert (settings.gate.held_out_share, settings.seed, settings.device) == (0.3, 4, "auto")
    assert settings.gate.labelled_questions == Path("q.jsonl")
    flat = json.loads(json.dumps(settings.to_flat()))
    assert sorted(flat) == sorted(setting_names())
    assert TrainerSettings.from_mapping(flat) == settings


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"epoch": 3}, "Unknown trainer setting epoch; the known ones are objective, teacher"),
        ({"epochs": "three"}, "epochs is 'three'; it must be of type int"),
        ({"epochs": True}, "epochs is True; it must be of type int"),
        ({"epochs": 0}, "epochs is 0; use a value from 1 to 1000"),
        ({"seed": 1.5}, "seed is 1.5; it must be of type int"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"passages_per_question": 1}, "passages_per_question is 1"),
        ({"student_temperature": 0.0}, "student_temperature is 0.0"),
        ({"aggregation": "loudest"}, "Unknown aggregation 'loudest'"),
        ({"teacher": "oracle"}, "Unknown teacher 'oracle'; use one of attention, ppmean, loop"),
        ({"objective": "loop", "teacher": "ppmean"}, "name one teacher, and the objective kl"),
        ({"objective": "emdr2", "teacher": "loop"}, "answer tokens of the teacher ppmean, and"),
        ({"objective": "cosine"}, "Unknown objective 'cosine'; use one of kl, mse, margin"),
    ],
)
def test_wrong_values_are_refused_with_a_sentence(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        TrainerSettings.from_mapping(given)


def test_a_teacher_is_a_setting_and_its_old_objective_still_works() -> None:
    """`ppmean` and `loop` are `kl` with another teacher; `emdr2` is a loss of ppmean's tokens."""
    named = {name: DistilSettings(objective=name) for name in ("kl", "ppmean", "loop", "emdr2")}
    assert [(one.loss, one.taught_by) for one in named.values()] == [
        ("kl", "attention"), ("kl", "ppmean"), ("kl", "loop"), ("emdr2", "ppmean"),
    ]  # fmt: skip
    assert DistilSettings(objective="margin", teacher="loop").taught_by == "loop"
    served = TrainerSettings.from_mapping({"objective": "ppmean"})
    assert served.updated({"objective": "kl"}).distil.taught_by == "attention"
