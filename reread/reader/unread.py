"""What a reader says of what it could not read: sentences for whoever asked.

Knows texts and numbers of characters; knows no tokenizer.
"""

from collections.abc import Sequence

from reread.records import Passage

CUT_QUESTION = "The question is longer than the reader can take and was read in part."


def cut_passages(passages: Sequence[Passage], seen: Sequence[int]) -> tuple[str, ...]:
    """A sentence that names the passages of which only so many characters were read, if any.

    >>> cut_passages([Passage("a", "", "whole"), Passage("b", "", "in part")], [5, 2])
    ('Only the beginning of these passages was read, in characters: b (2 of 7).',)
    """
    cut = [
        f"{one.id or one.title or 'passage'} ({count} of {len(one.text)})"
        for one, count in zip(passages, seen, strict=True)
        if count < len(one.text)
    ]
    if not cut:
        return ()
    return (f"Only the beginning of these passages was read, in characters: {', '.join(cut)}.",)
