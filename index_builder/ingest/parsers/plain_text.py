"""Plain text -> blocks: paragraphs, list items, indented or doctest code, underlined headings.

Also reads docstrings. Knows only what people do with spaces and blank lines; no markup.
"""

from __future__ import annotations

import re
from pathlib import Path

from index_builder.ingest.blocks import Kind, Outline, ParsedDocument, title_from
from index_builder.ingest.encoding import decode_text

BULLET = re.compile(r"^\s*(?:[-*+\u2022\u2013]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+(?=\S)")
UNDERLINE = re.compile(r"^\s*([=\-~^*#\"'+_.:`])\1{2,}\s*$")
ENTRY = re.compile(  # "name -- text", "call() -> value", "name: text" or "name   text"
    r"^\s*(?:\S.{0,58}?\s--?>?\s+\S|[\w.*`'-]+(?: [\w.*-]+)?:\s+\S|\S.{0,38}?[^\s.!?:;,]\s{2,}\S)"
)
PLAIN_WORD = re.compile(r"""^["'(*`]*[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[.,;:!?)"'*`]*$""")
DIVIDED = re.compile(  # from a word's beginning: a run of a megabyte is looked at once
    r"\b(\w{0,60}[^\W\d_])[-\u00ad]\n([ \t]*)([^\W\d_A-Z][^\s]*)(?:[ \t]+|(?=\n)|$)"
)
HYPHENATED = re.compile(r"\b\w{1,60}-\w{1,60}")
CODE_INDENT = 3
MOST_INDENT = 6
TITLE_CHARACTERS = 90


def parse_plain_text(data: bytes, path: Path) -> ParsedDocument:
    """Read a .txt file; a short first line followed by a blank one is the title."""
    outline = Outline()
    text = undivided(decode_text(data, outline.note))
    title, body = _split_title(text)
    add_plain_text(outline, body)
    return outline.document(title_from(path), title=title)


def undivided(text: str) -> str:
    """Words divided at the ends of lines made whole; a hyphen that is written elsewhere stays.

    >>> undivided("the con-\\ntroller, a by-\\npass; by-pass")
    'the controller,\\na by-pass;\\nby-pass'
    """
    if not DIVIDED.search(text):
        return text
    written = {word.casefold() for word in HYPHENATED.findall(text)}

    def whole(found: re.Match[str]) -> str:
        first, indent, second = found.groups()
        begins = re.match(r"\w+", second)
        word = f"{first}-{begins[0] if begins else second}".casefold()
        return f"{first}{'-' if word in written else ''}{second}" + (
            f"\n{indent}" if found[0][-1].isspace() else ""
        )

    return DIVIDED.sub(whole, text)


def _split_title(text: str) -> tuple[str | None, str]:
    first, _, rest = text.strip("\n").partition("\n")
    blank_follows = rest.startswith("\n") and rest.strip() != ""
    looks_like_title = (
        0 < len(first.strip()) <= TITLE_CHARACTERS and first.strip()[-1] not in ".,;:"
    )
    if blank_follows and looks_like_title and not BULLET.match(first):
        return first.strip(), rest
    return None, text


def add_plain_text(outline: Outline, text: str) -> None:
    """Add the text's paragraphs to an outline, under the headings it has."""
    levels: list[str] = []  # underline characters, in order of first use
    code: list[str] = []
    for chunk in re.split(r"\n(?:[^\S\n]*\n)+", text.expandtabs(4).replace("\f", "\n\n")):
        lines = [line for line in chunk.strip("\n").split("\n") if line.strip()]
        lines = _enter_heading(outline, lines, levels)
        if lines and _is_code(lines):
            code += ["", *lines]  # blank lines inside code end no block
            continue
        outline.add("code", "\n".join(code))
        code = []
        if lines:
            _add_chunk(outline, lines)
    outline.add("code", "\n".join(code))


def _enter_heading(outline: Outline, lines: list[str], levels: list[str]) -> list[str]:
    if len(lines) >= 3 and UNDERLINE.match(lines[0]) and UNDERLINE.match(lines[2]):
        lines = lines[1:]
    if len(lines) >= 2 and UNDERLINE.match(lines[1]) and not UNDERLINE.match(lines[0]):
        mark = lines[1].strip()[0]
        if mark not in levels:
            levels.append(mark)
        outline.enter(levels.index(mark) + 1, lines[0])
        lines = lines[2:]
    return [line for line in lines if not UNDERLINE.match(line)]


def _add_chunk(outline: Outline, lines: list[str]) -> None:
    cut = next((i for i, line in enumerate(lines) if line.lstrip().startswith(">>>")), 0)
    if cut == 0 and len(lines) > 1 and lines[0].rstrip().endswith(":"):
        cut = 1 if _indent(lines[1]) > _indent(lines[0]) else 0
    if cut:
        _add_chunk(outline, lines[:cut])
        _add_chunk(outline, lines[cut:])
    elif _is_code(lines):
        outline.add("code", "\n".join(lines))
    elif _are_entries(lines):
        _add_wrapped(outline, lines, min(map(_indent, lines)))
    else:
        _add_wrapped(outline, lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _are_entries(lines: list[str]) -> bool:
    """A list of 'name -- what it is' without bullets; deeper lines continue an entry."""
    margin = min(map(_indent, lines))
    starts = [line for line in lines if _indent(line) == margin]
    return len(starts) > 1 and sum(bool(ENTRY.match(line)) for line in starts) > 0.7 * len(starts)


def _add_wrapped(outline: Outline, lines: list[str], margin: int | None = None) -> None:
    """Join wrapped lines; a bullet, or with a margin a line at it, opens a new block."""
    kind: Kind = "paragraph" if margin is None else "item"
    paragraph: list[str] = []
    for line in lines:
        bullet = BULLET.match(line) and not _continues_sentence(paragraph, line)
        if bullet or _indent(line) == margin:
            _flush(outline, paragraph, kind)
            paragraph = []
        paragraph.append(line)
    _flush(outline, paragraph, kind)


def _is_code(lines: list[str]) -> bool:
    if lines[0].lstrip().startswith((">>> ", "$ ")):
        return True
    indented = all(line.startswith(" " * CODE_INDENT) for line in lines)
    if BULLET.match(lines[0]):
        return False
    aligned = sum(bool(re.search(r"\S {3,}\S", line)) for line in lines)  # columns: a table
    return (indented and not _reads_as_prose(lines)) or (
        len(lines) > 1 and aligned * 2 > len(lines)
    )


def _reads_as_prose(lines: list[str]) -> bool:
    words = " ".join(lines).split()
    plain = sum(bool(PLAIN_WORD.match(word)) for word in words)
    begins = words[0].lstrip("\"'(*`")[:1].isupper()
    return begins and len(words) >= 6 and plain >= 0.7 * len(words)


def _continues_sentence(paragraph: list[str], line: str) -> bool:
    """A wrapped line can begin with '-' or 'a)' by chance: only after an unfinished sentence."""
    if not paragraph or BULLET.match(paragraph[0]):
        return False
    return bool(re.match(r"^\s*[a-zA-Z0-9(]", line)) and paragraph[-1].rstrip()[-1:] not in ".:;!?"


def _flush(outline: Outline, paragraph: list[str], kind: Kind) -> None:
    if not paragraph:
        return
    marker = BULLET.match(paragraph[0])
    if marker is None:
        outline.add(kind, " ".join(paragraph))
        return
    indent = " " * min(_indent(paragraph[0]), MOST_INDENT)
    with outline.item(f"{indent}{marker.group().strip()} "):
        outline.add("paragraph", paragraph[0][marker.end() :] + " " + " ".join(paragraph[1:]))
