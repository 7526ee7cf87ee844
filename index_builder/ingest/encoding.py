"""Bytes of a text file -> text; knows byte order marks and encodings, no markup.

What a file's bytes cannot say is replaced and told to `note`; the rest stays as it is.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable

from index_builder.ingest.blocks import UnreadableError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE_BYTES = 256 * 1024  # enough to tell an encoding; detection is slow on more
REPLACEMENT = "\ufffd"
LINES_NAMED = 5
SEQUENCE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")  # a character of several bytes in UTF-8
CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
MOST_CONTROLS = 0.02  # of the bytes; text has next to none, programs and archives many

WIDE_MARKS = frozenset("\u3001\u3002\u300c\u300d\uff01\uff0c\uff1a\uff1f\u3000 \n")
SCRIPTS = (  # that stand together in one text
    *({"", one} for one in ("CYRILLIC", "GREEK", "ARABIC", "HEBREW", "THAI", "DEVANAGARI")),
    {"", "CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"},
    {"", "CJK", "HANGUL"},
)
HALF_NULS = 0.3  # of every second byte: ASCII in UTF-16

Note = Callable[[str], None]


def no_note(matter: str) -> None:
    """The Note of callers who tell nobody."""


def decode_text(data: bytes, note: Note = no_note) -> str:
    """The text with unix line ends. UTF-8 when most of it is UTF-8, else the likeliest encoding."""
    return _decode(data, note).replace("\r\n", "\n").replace("\r", "\n")


def decode_declared(data: bytes, encoding: str, note: Note = no_note) -> str:
    """As the file says it is encoded, unless it is not."""
    marked = any(data.startswith(mark) for mark, _ in MARKS)
    if encoding and not marked:
        try:
            text = data.decode(encoding)
            if "\0" not in text:
                return text.replace("\r\n", "\n").replace("\r", "\n")
        except (LookupError, UnicodeDecodeError, ValueError):
            pass  # a page that declares the wrong encoding: find out ourselves
    return decode_text(data, note)


def _decode(data: bytes, note: Note) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            return _replaced(data, name, note)
    if b"\0" in data:
        wide = _unmarked_utf16(data) or _script_in_utf16(data)
        if wide:
            return _replaced(data, wide, note)
        data = _without_nuls(data, note)
    elif len(CONTROL.findall(data[:SAMPLE_BYTES])) > 0.1 * len(data[:SAMPLE_BYTES]):
        wide = _script_in_utf16(data)
        if wide:
            return _replaced(data, wide, note)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if _is_mostly_utf8(data):
            return _replaced(data, "utf-8", note)
        return _replaced(data, _script_in_utf16(data) or _likely_encoding(data), note)


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: its ASCII characters have a NUL as every second byte."""
    sample = data[: SAMPLE_BYTES & ~1]
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < 0.02 or min(even, odd) > 0.1 * max(even, odd):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    if max(even, odd) < HALF_NULS and len(CONTROL.findall(sample)) < 0.1 * len(sample):
        return None  # other scripts in UTF-16 have control characters for high bytes
    text = sample.decode(name, errors="replace")
    readable = sum(one.isprintable() or one.isspace() for one in text)
    letters = sum(one.isalnum() or one.isspace() for one in text)
    return name if readable > 0.95 * len(text) and letters > 0.3 * len(text) else None


def _script_in_utf16(data: bytes) -> str | None:
    """UTF-16 of a script that has few NULs or none: all of it is that script's.

    Bytes of other encodings come out as letters of many scripts, or as ideographs alone.
    """
    sample = data[: SAMPLE_BYTES & ~1]
    for name in ("utf-16-le", "utf-16-be") if len(data) % 2 == 0 else ():
        text = sample.decode(name, errors="replace")
        scripts = {_script_of(one) for one in set(text)}
        if scripts - {"", "CJK"} and any(scripts <= known for known in SCRIPTS):
            return name
        if scripts == {"", "CJK"} and sum(map(WIDE_MARKS.__contains__, text)) > len(text) // 50:
            return name
    return None


def _script_of(one: str) -> str:
    """The first word of a letter's name; "" for what stands in texts of any script."""
    if one in WIDE_MARKS or one.isspace() or (one.isascii() and one.isprintable()):
        return ""
    if unicodedata.category(one)[0] == "P":
        return ""
    return unicodedata.name(one, "UNKNOWN").split()[0].partition("-")[0]


def _without_nuls(data: bytes, note: Note) -> bytes:
    sample = data[:SAMPLE_BYTES]
    nuls = data.count(0)
    strange = len(CONTROL.findall(sample)) + sample.count(0)
    if len(CONTROL.findall(sample)) > MOST_CONTROLS * len(sample) or strange > len(sample) // 4:
        raise UnreadableError(
            f"not text: {strange:,} of its first {len(sample):,} bytes are control characters; "
            f"give the text it was made from"
        )
    note(f"{_times(nuls, 'NUL character')} in it left out")
    return data.replace(b"\0", b"")


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether bytes that are not UTF-8 are the exception in it.

    Latin text has next to no sequence of UTF-8's, other encodings three wrong ones for a good one.
    """
    good = len(SEQUENCE.findall(data))
    bad = data.decode("utf-8", errors="replace").count(REPLACEMENT)
    return 0 < good >= bad


def _likely_encoding(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data[:SAMPLE_BYTES]
    non_ascii = sum(byte > 127 for byte in sample)
    if non_ascii < 32:  # too few to tell apart; Windows' Latin is the likeliest by far
        return next((name for name in ("shift_jis", "euc_jp") if _has_kana(data, name)), "cp1252")
    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


def _has_kana(data: bytes, name: str) -> bool:
    """Whether all of it is Japanese in this encoding: kana are in every sentence."""
    try:
        scripts = {_script_of(one) for one in set(data.decode(name))}
    except UnicodeDecodeError:
        return False
    return "HIRAGANA" in scripts and scripts <= {"", "CJK", "HIRAGANA", "KATAKANA"}


def _replaced(data: bytes, name: str, note: Note) -> str:
    """Decoded; every byte that says nothing becomes the replacement character, and is named."""
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        text = data.decode(name, errors="replace")
    lines = [
        str(number)
        for number, line in enumerate(text.split("\n"), start=1)
        for _ in range(line.count(REPLACEMENT))
    ]
    where = ", ".join(list(dict.fromkeys(lines))[:LINES_NAMED])
    more = " and more" if len(set(lines)) > LINES_NAMED else ""
    note(
        f"{_times(len(lines), 'byte')} in it not {name.upper()}, shown as {REPLACEMENT} "
        f"(line {where}{more})"
    )
    return text


def _times(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
