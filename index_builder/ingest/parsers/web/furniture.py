"""What of a web page is furniture, not text: navigation, scripts, banners, controls. Removes it.

Nothing is furniture by its tag alone where a person can read it: what counts is what the element
says of itself (role, class), what it holds (mostly links), or what its words do ("Copy").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

UNSEEN = (  # no browser shows their content on a page
    "script, style, noscript, template, canvas, iframe, object, audio, video, head, datalist, "
    "rp, rt, math annotation, math annotation-xml"
)
NAVIGATION = (
    'nav, [role="navigation"], [role="search"], [role="menubar"], [role="toolbar"], search, '
    ".headerlink, .linenos, .linenodiv, .sphinxsidebar, .toctree-wrapper, .skip-link, .sr-only, "
    ".visually-hidden, .breadcrumb, .breadcrumbs, .pagination"
)
LINKED = "header, footer, aside, menu, [role=banner], [role=contentinfo], [role=complementary]"
CONSENT = re.compile(r"cookie|consent|gdpr|onetrust|cc-window|cmp-", re.IGNORECASE)
CONSENT_WORDS = re.compile(r"cookie|consent|privacy|tracking", re.IGNORECASE)
CONSENT_MOST_WORDS = 250
RIGHTS = re.compile(r"^\W*(\(c\)|\u00a9|copyright\b|all rights reserved)", re.IGNORECASE)
RIGHTS_MOST_WORDS = 30
MOSTLY = 0.5  # of the characters stand in links
CONTROLS = frozenset(
    str.split(
        "accept agree apply back cancel clear close collapse copied copy delete dismiss download "
        "edit expand filter go like login menu more next ok open previous print register reject "
        "reply reset save search send share show signup sort submit subscribe toggle zoom"
    )
)
FILLERS = frozenset(
    str.split("all code cookies in link me menu navigation now page the this to up")
)


def remove_furniture(page: LexborHTMLParser) -> None:
    """Take the furniture out of the tree."""
    _remove(page.css(UNSEEN))
    _remove_consent(page)
    _remove(page.css(NAVIGATION))
    _remove(one for one in page.css("svg") if not _svg_words(one))
    _remove(_hidden(page))
    _remove(one for one in page.css(LINKED) if _is_frame(one))
    _remove(one for one in page.css("button, [role=button]") if _is_control(one))


def _remove(nodes: Iterator[LexborNode] | list[LexborNode]) -> None:
    for node in list(nodes):
        if node.parent is not None:
            node.remove()


def _remove_consent(page: LexborHTMLParser) -> None:
    chosen = page.css("dialog, [role=dialog], [role=alertdialog], [class], [id]")
    for node in chosen:
        named = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
        if node.tag not in ("body", "html", "main", "article", "dialog") and not (
            CONSENT.search(named) or "dialog" in (node.attributes.get("role") or "")
        ):
            continue
        if (
            node.tag in ("body", "html", "main", "article")
            or node.css_first("main, h1") is not None
        ):
            continue
        if node.css_first("button, a, input") is None and node.tag not in ("button", "a"):
            continue
        words = node.text(separator=" ").split()
        if len(words) <= CONSENT_MOST_WORDS and CONSENT_WORDS.search(" ".join(words)):
            _remove([node])


def _svg_words(node: LexborNode) -> bool:
    """Drawings keep their labels; a title alone names an icon."""
    _remove(node.css("title, desc, metadata, defs"))
    return bool(node.text().strip())


def _hidden(page: LexborHTMLParser) -> Iterator[LexborNode]:
    """Hidden from everybody, unless something on the page opens it; icons hidden from ears."""
    opened = _opened(page)
    for node in page.css("[hidden], [style], [aria-hidden]"):
        if _is_panel(node, opened):
            continue
        style = (node.attributes.get("style") or "").replace(" ", "").lower()
        if "hidden" in node.attributes:
            if (node.attributes["hidden"] or "").lower() != "until-found":
                yield node
        elif (
            "display:none" in style
            or "visibility:hidden" in style
            or node.attributes.get("aria-hidden") == "true"
            and node.tag in ("span", "a", "i", "svg")
        ):
            yield node


def _opened(page: LexborHTMLParser) -> set[str]:
    """The ids that a control or link of the page shows when it is used."""
    ids: set[str] = set()
    for node in page.css("[aria-controls], [data-target], [data-bs-target], [href^='#'], [for]"):
        for name in ("aria-controls", "data-target", "data-bs-target", "href", "for"):
            ids.update((node.attributes.get(name) or "").replace("#", " ").split())
    return ids


def _is_panel(node: LexborNode, opened: set[str]) -> bool:
    if (node.attributes.get("role") or "") == "tabpanel" or node.attributes.get("id") in opened:
        return True
    if re.search(
        r"\b(tab|panel|accordion|collaps|toggle|answer|content|spoiler)",
        (node.attributes.get("class") or "").replace("-", " ").replace("_", " "),
        re.IGNORECASE,
    ):
        return True
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    return before is not None and (
        before.tag == "button" or before.css_first("button, [aria-expanded]") is not None
    )


def _is_frame(node: LexborNode) -> bool:
    """A header, footer or side column that leads elsewhere or only names the site."""
    if node.css_first("h1") is not None:
        return False
    words = node.text(separator=" ").split()
    linked = sum(len("".join(one.text().split())) for one in node.css("a"))
    if words and linked > MOSTLY * sum(map(len, words)):
        return True
    if node.tag == "footer" or (node.attributes.get("role") or "") == "contentinfo":
        return len(words) <= RIGHTS_MOST_WORDS and bool(RIGHTS.search(" ".join(words)))
    if node.tag == "header" or (node.attributes.get("role") or "") == "banner":
        return _is_site_name(node, words)
    return False


def _is_site_name(node: LexborNode, words: list[str]) -> bool:
    """A page's own header (not a section's) of a few words that end no sentence."""
    around = node.parent
    while around is not None:
        if around.tag in ("article", "section", "main", "aside", "td", "li", "blockquote"):
            return False
        around = around.parent
    if node.css_first("h2, h3, p") is not None:
        return False
    return len(words) <= 8 and not " ".join(words).endswith((".", "!", "?"))


def _is_control(node: LexborNode) -> bool:
    """A button whose words say what it does to the page, and say nothing else."""
    if node.css_first("h1, h2, h3, h4, h5, h6, p") is not None:
        return False
    words = re.findall(r"[a-z]+", node.text(separator=" ").lower())
    if not words:
        return not re.search(r"\w", node.text())
    return words[0] in CONTROLS and all(one in CONTROLS or one in FILLERS for one in words[1:])
