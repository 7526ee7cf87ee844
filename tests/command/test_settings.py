"""Flags over environment over file over defaults; unknown names are errors that help."""

import pytest

from command.serving import build_command
from command.settings import environment_of, known_settings, load_settings
from reread.errors import BadRequest
from service.settings import ServiceSettings
from trainer.settings import TrainerSettings, setting_names


def test_order_of_the_layers(tmp_path):
    (tmp_path / "reread.toml").write_text("top_k = 3\nport = 1111\nhost = '::1'\n")
    environment = {"REREAD_HOME": str(tmp_path), "REREAD_PORT": "2222", "REREAD_TOP_K": "4"}
    settings = load_settings({"top_k": 5, "reader": None}, environment)
    service = settings.service
    assert (service.top_k, service.port, service.host) == (5, 2222, "::1")
    assert settings.home == tmp_path
    assert service.max_queue == 64


def test_comma_separated_keys(tmp_path):
    environment = {"REREAD_HOME": str(tmp_path), "REREAD_QUERY_KEYS": "a, b"}
    assert load_settings({}, environment).service.query_keys == ("a", "b")


def test_unknown_environment_variable_names_the_nearest(tmp_path):
    with pytest.raises(BadRequest, match="did you mean REREAD_TOP_K"):
        load_settings({"home": tmp_path}, {"REREAD_TOPK": "3"})


def test_unknown_key_in_the_file(tmp_path):
    (tmp_path / "reread.toml").write_text("topk = 3\n")
    with pytest.raises(BadRequest, match="did you mean top_k"):
        load_settings({"home": tmp_path}, {})


def test_wrong_type_names_the_setting(tmp_path):
    with pytest.raises(BadRequest, match="port is 'many'"):
        load_settings({"home": tmp_path}, {"REREAD_PORT": "many"})


def test_unknown_log_sync_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(BadRequest, match="log_sync is 'off': Input should be 'normal' or 'full'"):
        load_settings({"home": tmp_path}, {"REREAD_LOG_SYNC": "off"})


def test_broken_toml(tmp_path):
    (tmp_path / "reread.toml").write_text("top_k = = 3")
    with pytest.raises(BadRequest, match="cannot be read as TOML"):
        load_settings({"home": tmp_path}, {})


def test_other_peoples_variables_are_left_alone(tmp_path):
    assert load_settings({"home": tmp_path}, {"PATH": "/bin", "REREADX": "1"}).service.port == 8765


def test_every_setting_of_every_process_can_be_set(tmp_path):
    """batch_passages, wait_s, poll_s, max_body_bytes and most of the trainer's could not be."""
    variables = {
        "REREAD_BATCH_PASSAGES": "7", "REREAD_WAIT_S": "1.5", "REREAD_POLL_S": "0.1",
        "REREAD_MAX_BODY_BYTES": "2048", "REREAD_DROPOUT": "0", "REREAD_GATE_CONFIDENCE": "0.9",
        "REREAD_MAX_QUESTIONS": "12", "REREAD_FREEZE_WORD_EMBEDDINGS": "false",
        "REREAD_LABELLED_QUESTIONS": "q.jsonl", "REREAD_STUDENT_TEMPERATURE": "0.2",
    }  # fmt: skip
    settings = load_settings({"home": tmp_path}, variables)
    service, trainer = settings.service, settings.trainer
    assert (service.batch_passages, service.wait_s, service.poll_s) == (7, 1.5, 0.1)
    assert (service.max_body_bytes, trainer.distil.dropout) == (2048, 0.0)
    assert (trainer.gate.gate_confidence, trainer.max_questions) == (0.9, 12)
    assert not trainer.distil.freeze_word_embeddings
    assert str(trainer.gate.labelled_questions) == "q.jsonl"
    assert trainer.distil.student_temperature == 0.2
    assert {*setting_names()} - {"start_encoder"} <= {*known_settings()}


def test_limits_are_checked_when_settings_are_read(tmp_path):
    with pytest.raises(BadRequest, match="top_k is 0; choose a value from 1 to 100"):
        load_settings({"home": tmp_path, "top_k": 0}, {})
    with pytest.raises(BadRequest, match="epochs is 0; use a value from 1 to 1000"):
        load_settings({"home": tmp_path}, {"REREAD_EPOCHS": "0"})


def test_nothing_said_is_every_class_as_it_is(tmp_path):
    settings = load_settings({"home": tmp_path}, {})
    assert (settings.service, settings.trainer) == (ServiceSettings(), TrainerSettings())


def test_the_device_reaches_service_trainer_and_builder(tmp_path):
    """REREAD_DEVICE chose where the reader ran; served retriever and builder took `auto`."""
    settings = load_settings({"home": tmp_path}, {"REREAD_DEVICE": "cuda:1"})
    assert (settings.service.device, settings.trainer.device) == ("cuda:1", "cuda:1")
    command = build_command(settings)
    assert command[command.index("--device") + 1] == "cuda:1"


def test_a_process_that_is_started_loads_the_same_settings_but_no_keys(tmp_path):
    flags = {
        "home": tmp_path, "reader": "mine", "top_k": 7, "allow_anonymous": True, "wait_s": 3.5,
        "epochs": 2, "labelled_questions": tmp_path / "q.jsonl", "retriever": "theirs",
        "query_keys": ("secret",), "admin_key": "hidden", "freeze_word_embeddings": False,
    }  # fmt: skip
    settings = load_settings(flags, {})
    environment = environment_of(settings)
    assert "secret" not in str(environment) and "hidden" not in str(environment)
    without_keys = load_settings({**flags, "query_keys": None, "admin_key": None}, {})
    assert load_settings({}, environment) == without_keys
    assert load_settings({"home": tmp_path}, environment_of(load_settings({}, environment))) == (
        without_keys
    )
