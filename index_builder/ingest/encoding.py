"""Bytes of a text file -> text; knows byte order marks and encodings, no markup."""

from __future__ import annotations

import codecs

from index_builder.ingest.blocks import UnreadableError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE_BYTES = 256 * 1024  # enough to tell an encoding; detection is slow on more


def decode_text(data: bytes) -> str:
    """The text with unix line ends. UTF-8 when it is valid UTF-8, else the likeliest encoding."""
    return _decode(data).replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace")
    if b"\0" in data[:SAMPLE_BYTES]:
        raise UnreadableError("binary data, not text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_likely_encoding(data), errors="replace")


def _likely_encoding(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data[:SAMPLE_BYTES]
    non_ascii = sum(byte > 127 for byte in sample)
    if non_ascii < 32:  # too few to tell apart; Windows' Latin is the likeliest by far
        return "cp1252"
    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"
