"""Flags over environment over file over defaults; unknown names are errors that help."""

import pytest

from command.settings import load_settings
from reread.errors import BadRequest


def test_order_of_the_layers(tmp_path):
    (tmp_path / "reread.toml").write_text("top_k = 3\nport = 1111\nhost = '::1'\n")
    environment = {"REREAD_HOME": str(tmp_path), "REREAD_PORT": "2222", "REREAD_TOP_K": "4"}
    settings = load_settings({"top_k": 5, "reader": None}, environment)
    assert (settings.top_k, settings.port, settings.host) == (5, 2222, "::1")
    assert settings.home == tmp_path
    assert settings.max_queue == 64


def test_comma_separated_keys(tmp_path):
    environment = {"REREAD_HOME": str(tmp_path), "REREAD_QUERY_KEYS": "a, b"}
    assert load_settings({}, environment).query_keys == ("a", "b")


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
    assert load_settings({"home": tmp_path}, {"PATH": "/bin", "REREADX": "1"}).port == 8765
