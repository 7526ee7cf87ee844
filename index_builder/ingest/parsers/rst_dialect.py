"""Lets docutils read reStructuredText written for Sphinx and for the PEPs, without either.

Any role becomes its words and any unknown directive its argument and content. Knows docutils'
inliner and directive interfaces; no blocks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives, states

from index_builder.ingest.blocks import Outline
from index_builder.ingest.parsers.html import add_html
from index_builder.ingest.raised import lowered, raised

DIRECTIVE = re.compile(
    r"^[ \t]*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([a-zA-Z][\w:+.-]*)::", re.MULTILINE
)
WITH_TARGET = re.compile(r"^(.+?)\s*<[^<>]+>$", re.DOTALL)

CODE = frozenset(
    ["code", "code-block", "sourcecode", "parsed-literal", "ipython", "highlight-block"]
)
SILENT = frozenset(
    str.split(
        "contents sectnum include literalinclude date toctree index highlight currentmodule "
        "module py:currentmodule py:module automodule autoclass autofunction automethod "
        "autosummary default-role meta title target-notes role header footer sectionauthor "
        "moduleauthor codeauthor tabularcolumns only-html container-end testsetup "
        "testcleanup plot graphviz digraph uml"
    )
)
CONDITIONS = frozenset(["ifconfig", "only"])
PHRASES = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
    "deprecated-removed": "Deprecated since version",
    "seealso": "See also",
    "todo": "To do",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "superseded": "Superseded by",
    "canonical-doc": "Up-to-date documentation",
    "canonical-typing-spec": "Up-to-date specification",
    "canonical-pypa-spec": "Up-to-date specification",
}
SET_APART = {"sup": raised, "superscript": raised, "sub": lowered, "subscript": lowered}
PREFIXES = {"pep": "PEP ", "rfc": "RFC ", "cve": "CVE-", "cwe": "CWE-"}
ISSUES = {
    "issue": "issue ",
    "bpo": "bpo-",
    "cpython-issue": "issue #",
    "cpython-pr": "pull request #",
}
CALLABLES = frozenset(("func", "meth", "function", "method"))


def role_words(role: str, text: str) -> str:
    """What a reader sees of an interpreted text.

    >>> role_words("pep", "8"), role_words("py:func", "~os.path.join")
    ('PEP 8', 'join()')
    """
    name = role.lower().rpartition(":")[2]
    titled = WITH_TARGET.match(text)
    if titled:
        return titled[1]
    if name in PREFIXES:
        return PREFIXES[name] + text.partition("#")[0]
    if name in ISSUES:
        return ISSUES[name] + text
    if name in SET_APART:
        return SET_APART[name](text)
    text = text.removeprefix("!")
    if text.startswith("~"):
        text = text[1:].rpartition(".")[2]
    if name in CALLABLES and not text.endswith(")"):
        text += "()"
    return text


def reading_inliner() -> states.Inliner:
    """An inliner that knows every role: its words are all that is kept.

    The method is set on the instance: docutils builds its patterns from the names in the
    inliner's own class, so a subclass would have to repeat them.
    """
    inliner = states.Inliner()
    inliner.interpreted = _read_role
    return inliner


def _read_role(
    rawsource: str, text: str, role: str, lineno: int
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    return [nodes.inline(rawsource, role_words(role or "", nodes.unescape(text)))], []


class _AnyOption(dict[str, Callable[[Any], Any]]):
    """An option specification that accepts every option."""

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, name: str) -> Callable[[Any], Any]:
        return lambda value: value


class _Lenient(Directive):  # type: ignore[misc]
    optional_arguments = 100
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[Any] = _AnyOption()


def defined_name(directive: Directive) -> str:
    """The name that a substitution definition gives to what the directive makes; "": none."""
    if not isinstance(directive.state, states.SubstitutionDef):
        return ""
    return str(next(iter(directive.state.parent.get("names", ())), ""))


class CodeDirective(_Lenient):
    """Code of any language, with any options."""

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        return [nodes.literal_block(text, text)] if text.strip() else []


class ConditionDirective(_Lenient):
    """A block for one edition or output: its content is text of the document, its condition not."""

    def run(self) -> list[nodes.Node]:
        box = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class ImageDirective(_Lenient):
    """An image is what its description says."""

    def run(self) -> list[nodes.Node]:
        return [nodes.image(alt=str(self.options.get("alt", "")))]


class SilentDirective(_Lenient):
    """A directive that builds the page and says nothing; what it would define keeps its name."""

    def run(self) -> list[nodes.Node]:
        name = defined_name(self)
        return [nodes.Text(f"|{name}|")] if name else []


class RawDirective(_Lenient):
    """Markup of one output: of HTML the words are text; others draw the page."""

    def run(self) -> list[nodes.Node]:
        read = Outline()
        if self.arguments[:1] == ["html"]:
            add_html(read, "\n".join(self.content))
        texts = [block.text for block in read.document("").blocks]
        if name := defined_name(self):
            return [nodes.Text(" ".join(texts) or f"|{name}|")]
        return [nodes.paragraph("", "", nodes.Text(one)) for one in texts]


class ReadingDirective(_Lenient):
    """A directive we do not know: its argument is a paragraph, its content is read."""

    def run(self) -> list[nodes.Node]:
        box = nodes.container()
        if name := defined_name(self):
            return [nodes.Text(" ".join(self.arguments) or f"|{name}|")]
        phrase = PHRASES.get(self.name.lower(), "")
        words = " ".join(" ".join(self.arguments).split())
        lead = (
            f"{phrase} {words}" if phrase.endswith("version") else f"{phrase}: {words}"
        ).rstrip()
        if phrase or words:
            parsed, _ = self.state.inline_text(lead.removeprefix(": "), self.lineno)
            box += nodes.paragraph("", "", *parsed)
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


def admit_directives(text: str) -> None:
    """Make every directive the text uses known to docutils' registry (one per process)."""
    for name in {found.lower() for found in DIRECTIVE.findall(text)}:
        if name in CODE:
            directives.register_directive(name, CodeDirective)
        elif name in CONDITIONS:
            directives.register_directive(name, ConditionDirective)
        elif name == "raw":
            directives.register_directive(name, RawDirective)
        elif name == "image":
            directives.register_directive(name, ImageDirective)
        elif name in SILENT:
            directives.register_directive(name, SilentDirective)
        elif name not in directives._directive_registry:
            directives.register_directive(name, ReadingDirective)
