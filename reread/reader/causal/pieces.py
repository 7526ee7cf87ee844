"""The bytes that each token of a vocabulary stands for: byte-level and sentence-piece tokenizers.

Knows tokenizers; knows no text that was read. A tokenizer that loses case or spacing has no bytes
to give (`None`): its answers are recovered from tokens instead (segments.py).
"""

from __future__ import annotations

import re

from transformers import PreTrainedTokenizerBase

BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
PROBE = "A line:\n Größe 1,250.5 — naïve_name"


def token_bytes(tokenizer: PreTrainedTokenizerBase) -> list[bytes] | None:
    """Every token's bytes by id, special ones empty; None where tokens do not spell the text."""
    words = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    special = set(tokenizer.all_special_tokens)
    byte_level = byte_alphabet()
    for spell in (lambda word: _byte_level(word, byte_level), _sentence_piece):
        pieces = [b"" if word is None or word in special else spell(word) for word in words]
        ids = tokenizer(PROBE, add_special_tokens=False)["input_ids"]
        spelt = b"".join(pieces[i] for i in ids)
        if spelt.strip() == PROBE.encode():
            return pieces
    return None


def byte_alphabet() -> dict[str, int]:
    """The characters with which byte-level vocabularies write bytes (GPT-2's table).

    >>> byte_alphabet()["Ġ"], byte_alphabet()["a"]
    (32, 97)
    """
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(value): value for value in plain}
    rest = [value for value in range(256) if value not in set(plain)]
    return table | {chr(256 + place): value for place, value in enumerate(rest)}


def _byte_level(word: str, alphabet: dict[str, int]) -> bytes:
    values = [alphabet.get(character) for character in word]
    return b"" if None in values else bytes(value for value in values if value is not None)


def _sentence_piece(word: str) -> bytes:
    single = BYTE_TOKEN.fullmatch(word)
    return bytes([int(single[1], 16)]) if single else word.replace("▁", " ").encode()
