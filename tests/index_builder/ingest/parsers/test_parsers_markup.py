"""Markdown, reStructuredText, HTML and plain text as a reader would want to see them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index_builder.ingest.blocks import Block, ParsedDocument, UnreadableError
from index_builder.ingest.encoding import decode_text
from index_builder.ingest.parsers.html import parse_html
from index_builder.ingest.parsers.markdown import parse_markdown
from index_builder.ingest.parsers.plain_text import parse_plain_text
from index_builder.ingest.parsers.rst import parse_rst

Parser = Callable[[bytes, Path], ParsedDocument]


def parsed(parse: Parser, text: str, name: str = "my-notes.x") -> ParsedDocument:
    return parse(text.encode(), Path(name))


MARKDOWN = """---
title: The Guide
tags: [a, b]
---
# The Guide

Some *emphasis*, `code()` and a [link](http://x.y/z "t")
on two lines.

## Steps {#steps}

1. First
   - inner **one**

   more of first
2. Second

```python
def f():

    return 1
```

| Name | Value |
|------|-------|
| a    | 1     |

> [!NOTE]
> Quoted words.

<div><p>Inside <b>HTML</b></p><script>evil()</script></div>
"""


def test_markdown_keeps_words_and_structure_and_drops_marks() -> None:
    document = parsed(parse_markdown, MARKDOWN)
    steps = ("Steps",)
    assert document == ParsedDocument(
        "The Guide",
        (
            Block("paragraph", "Some emphasis, code() and a link on two lines."),
            Block("item", "1. First", steps),
            Block("item", "  - inner one", steps),
            Block("item", "  more of first", steps),
            Block("item", "2. Second", steps),
            Block("code", "def f():\n\n    return 1", steps),
            Block("table", "Name: a | Value: 1", steps),
            Block("paragraph", "Note: Quoted words.", steps),
            Block("paragraph", "Inside HTML", steps),
        ),
    )


@pytest.mark.parametrize(
    ("text", "title", "path"),
    [
        ("# Only\n\n## Sub\n\ntext", "Only", ("Sub",)),
        ("# One\n\ntext\n\n# Two", "my notes", ("One",)),
        ("text first\n\n# Later", "my notes", ()),
        ("+++\ntitle = 'TOML'\n+++\n# Heading\n\ntext", "TOML", ("Heading",)),
        ("---\nnot: [valid\n---\n\ntext", "my notes", ()),
        ("---\nno field at all\n---\n\ntext", "no field at all", ()),
    ],
)
def test_markdown_title(text: str, title: str, path: tuple[str, ...]) -> None:
    document = parsed(parse_markdown, text)
    assert (document.title, document.blocks[0].path) == (title, path)


def test_deeply_nested_markdown_is_read_or_named() -> None:
    """Lists in lists lost what stood ten levels deep, and nobody was told."""
    nested = "\n".join(f"{'  ' * n}- item{n}" for n in range(60))
    document = parse_markdown(nested.encode(), Path("x.md"))
    text = " ".join(block.text for block in document.blocks)
    assert [n for n in range(60) if f"item{n}" not in text.split()] == []
    quoted = parse_markdown(b">" * 300 + b" deep", Path("x.md"))
    assert [block.text for block in quoted.blocks] == ["deep"] and quoted.notes == ()
    deeper = parse_markdown(b">" * 1200 + b" deep", Path("x.md"))
    assert deeper.notes == ("what is nested more than 1,000 deep in it is not read",)


def test_a_document_of_headings_alone_keeps_them() -> None:
    document = parsed(parse_markdown, "# A\n\n# B\n")
    assert [block.text for block in document.blocks] == ["A", "B"]


PEP = """PEP: 9999
Title: A Short
 Proposal
Author: Jane Doe <jane at example.org>
Status: Draft
Content-Type: text/x-rst

Abstract
========

See :pep:`8`, :func:`~os.path.join` and `the site <http://x.y>`_ [1]_.

.. comment to drop

.. unknown-directive:: argument
   :option: 3

   Its content.

.. code-block:: python
   :emphasize-lines: 2

   def f():
       return 1

.. note:: Mind this.

term
   definition

.. versionadded:: 3.4

Inner
-----

+---+---+
| a | b |
+---+---+
| 1 | 2 |
+---+---+

.. [1] A footnote.

A broken *emphasis and ``literal
"""


def test_a_pep_reads_like_its_page() -> None:
    document = parsed(parse_rst, PEP)
    assert document.title == "A Short Proposal (PEP 9999)"
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("paragraph", "PEP 9999: A Short Proposal"),
        ("item", "Author: Jane Doe"),
        ("item", "Status: Draft"),
        ("paragraph", "See PEP 8, join() and the site [1]."),
        ("paragraph", "argument"),
        ("paragraph", "Its content."),
        ("code", "def f():\n    return 1"),
        ("item", "Note: Mind this."),
        ("item", "term: definition"),
        ("paragraph", "New in version 3.4"),
        ("table", "a | b\n1 | 2"),
        ("item", "[1] A footnote."),
        ("paragraph", "A broken *emphasis and ``literal"),
    ]
    assert document.blocks[-1].path == ("Abstract", "Inner")


def test_rst_mistakes_print_nothing_and_lose_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    document = parsed(parse_rst, "Title\n=====\n\n====  ===\nbad   table\n====\n\nText |sub|.\n")
    words = " ".join(block.text for block in document.blocks)
    assert "bad   table" in words and "Text" in words
    assert capfd.readouterr() == ("", "")


HTML = """<!DOCTYPE html><html><head><title>Page &ndash; Site</title><style>p{}</style></head>
<body><nav>Home | About</nav><header>Logo</header>
<main><h1>Real Title<a class="headerlink">¶</a></h1>
<p>One<br>two &amp; <em>three</em>.</p>loose text
<ul><li>a<ul><li>b</li></ul></li><li><p>c</p><pre>x = 1
  y</pre></li></ul>
<dl><dt>term</dt><dd>meaning</dd></dl>
<h2>Data</h2><table><caption>Sizes</caption><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td>
</tr></table><!-- hidden --><p hidden>secret</p></main><footer>(c)</footer>
<script>var x = "no";</script></body></html>"""


def test_html_keeps_the_article_and_drops_the_furniture() -> None:
    document = parsed(parse_html, HTML)
    assert document.title == "Real Title"
    assert [(block.text, block.path) for block in document.blocks] == [
        ("One two & three.", ()),
        ("loose text", ()),
        ("- a", ()),
        ("  - b", ()),
        ("- c", ()),
        ("x = 1\n  y", ()),
        ("term: meaning", ()),
        ("Sizes", ("Data",)),
        ("k: 1 | v: 2", ("Data",)),
    ]


def test_html_title_and_declared_encoding() -> None:
    page = '<meta charset="iso-8859-2"><title>Łódź</title><p>Gdańsk</p>'.encode("iso-8859-2")
    document = parse_html(page, Path("x.html"))
    assert (document.title, document.blocks[0].text) == ("Łódź", "Gdańsk")


TEXT = """Release Notes

First paragraph
wrapped here.

- item one
  continued
- item two

    $ make install

Usage:
    alpha -- the first
    beta  -- the second

Details
-------

>>> 1 + 1
2
"""


def test_plain_text() -> None:
    document = parsed(parse_plain_text, TEXT)
    assert document.title == "Release Notes"
    assert [(block.kind, block.text) for block in document.blocks] == [
        ("paragraph", "First paragraph wrapped here."),
        ("item", "- item one continued"),
        ("item", "- item two"),
        ("code", "$ make install"),
        ("paragraph", "Usage:"),
        ("code", "alpha -- the first\nbeta  -- the second"),
        ("code", ">>> 1 + 1\n2"),
    ]
    assert document.blocks[-1].path == ("Details",)


def test_a_single_line_is_text_and_not_only_a_title() -> None:
    assert parsed(parse_plain_text, "Hello world") == ParsedDocument(
        "my notes", (Block("paragraph", "Hello world"),)
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "shift_jis", "koi8-r"]
)
def test_encodings(encoding: str) -> None:
    text = {
        "shift_jis": "これは日本語の文章です。文字コードを調べるために十分な長さが必要です。" * 3,
        "koi8-r": "Это русский текст, достаточно длинный, чтобы узнать его кодировку. " * 3,
    }.get(encoding, "Ein schöner Text über Äpfel\nund Bäume.")
    assert decode_text(text.replace("\n", "\r\n").encode(encoding)) == text


def test_binary_is_not_text() -> None:
    with pytest.raises(UnreadableError, match="not text: 5 of its first 8 bytes"):
        decode_text(b"\x7fELF\0\0\0\1")
