"""Sealed JSON refuses every truncation and every flipped bit."""

import pytest

from reread.artefacts.seals import check_files, seal, seal_files, unseal
from reread.errors import CorruptArtefact

BODY = {"number": 3, "name": "Grüße", "nested": {"list": [1, 2.5, None]}}


def test_what_is_sealed_comes_back(tmp_path):
    (tmp_path / "x").write_text(seal(BODY))
    assert unseal(tmp_path / "x") == BODY


def test_every_truncation_is_refused(tmp_path):
    whole = seal(BODY).encode()
    for length in range(len(whole)):
        (tmp_path / "x").write_bytes(whole[:length])
        with pytest.raises(CorruptArtefact):
            unseal(tmp_path / "x")


def test_every_flipped_bit_is_refused(tmp_path):
    whole = seal(BODY).encode()
    for offset in range(len(whole)):
        broken = bytearray(whole)
        broken[offset] ^= 1 << (offset % 8)
        (tmp_path / "x").write_bytes(bytes(broken))
        with pytest.raises(CorruptArtefact):
            unseal(tmp_path / "x")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"seal": "00"}', "7"])
def test_valid_json_with_a_wrong_seal_is_refused(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(CorruptArtefact):
        unseal(tmp_path / "x")


def test_files_are_named_with_both_values(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_text("one")
    sealed = seal_files(tmp_path)
    assert list(sealed) == ["deep/a"]
    check_files(tmp_path, sealed)
    (tmp_path / "deep" / "a").write_text("onex")
    with pytest.raises(CorruptArtefact, match=r"deep/a has size 4 where 3 was expected"):
        check_files(tmp_path, sealed)
    (tmp_path / "deep" / "a").write_text("two")
    with pytest.raises(CorruptArtefact, match=r"deep/a has sha256"):
        check_files(tmp_path, sealed)
    (tmp_path / "deep" / "a").unlink()
    with pytest.raises(CorruptArtefact, match="no file"):
        check_files(tmp_path, sealed)
