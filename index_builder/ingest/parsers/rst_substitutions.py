"""Puts what a reStructuredText file defines as |name| where the file uses it.

Knows docutils' trees. A name the file does not define stays as it is written, bars and all: the
project that builds the page defines it elsewhere.
"""

from __future__ import annotations

from docutils import nodes

MOST_DEPTH = 8  # a definition may use others, or itself
MOST_REPLACED = 10_000  # definitions that use each other twice grow like a bomb


def substitute(tree: nodes.document) -> None:
    """Replace every reference in place; definitions themselves are left out by the walk."""
    waiting = [
        (node, 0) for node in tree.findall(nodes.substitution_reference) if not _in_definition(node)
    ]
    replaced = 0
    while waiting:
        reference, depth = waiting.pop()
        parts = _defined(tree, reference)
        replaced += 1
        if parts is None or depth >= MOST_DEPTH or replaced > MOST_REPLACED:
            reference.replace_self(nodes.Text(f"|{reference.astext()}|"))
            continue
        box = nodes.inline("", "", *parts)
        reference.replace_self(box)
        waiting += [(node, depth + 1) for node in box.findall(nodes.substitution_reference)]


def _in_definition(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.substitution_definition):
            return True
    return False


def _defined(
    tree: nodes.document, reference: nodes.substitution_reference
) -> list[nodes.Node] | None:
    """Copies of what the name stands for; names differ by case only where two definitions do."""
    name = str(reference.get("refname", reference.astext()))
    definitions = tree.substitution_defs
    key = name if name in definitions else tree.substitution_names.get(name.lower(), "")
    found = definitions.get(key)
    return None if found is None else [child.deepcopy() for child in found.children]
