"""The strings and tokens of a causal reader: a prefix, one block for each passage, the question.

A block never sees the question nor another block, so its keys and values serve every question that
is asked of its passage. Knows text and a tokenizer; knows no model. Training and answering use the
same strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reread.records import Passage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAX_BLOCK_TOKENS = 250  # as long as a segment of the encoder-decoder readers
MAX_PROMPT_TOKENS = 700  # a question of 2,000 characters fits with room to spare
INSTRUCTION = (
    "Answer the question with words of the documents below, as short as possible. If they do not "
    "hold the answer, say nothing.\n\n"
)
PLACE = "\u241e"  # stands where the documents go while a chat template is cut in two


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """What stands before the passages and behind the question.

    `plain` is what readers tuned here have learnt: the start token alone before, "Answer:" behind.
    """

    before: str
    behind: str
    name: str = "plain"


PLAIN = PromptStyle("", "\nAnswer:")


@dataclass(frozen=True, slots=True)
class Block:
    """One passage as the reader sees it."""

    text: str
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of `text`
    body: int  # first character of the passage's own text in `text`

    @property
    def seen(self) -> int:
        """Characters of the passage's own text that lie within the block."""
        return max(0, self.offsets[-1][1] - self.body) if self.offsets else 0


def block_text(passage: Passage) -> str:
    """A passage in the prompt.

    >>> block_text(Passage("1", "A tale", "Somebody."))
    'A tale: Somebody.\\n\\n'
    """
    head = f"{passage.title}: " if passage.title else ""
    return f"{head}{passage.text}\n\n"


def cut_blocks(
    passages: Sequence[Passage],
    tokenizer: PreTrainedTokenizerBase,
    max_tokens: int = MAX_BLOCK_TOKENS,
) -> list[Block]:
    """Every passage's tokens, without special ones, cut at `max_tokens`."""
    texts = [block_text(passage) for passage in passages]
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    return [
        Block(
            text,
            tuple(encoded["input_ids"][i][:max_tokens]),
            tuple(map(tuple, encoded["offset_mapping"][i][:max_tokens])),
            len(passage.title) + 2 if passage.title else 0,
        )
        for i, (text, passage) in enumerate(zip(texts, passages, strict=True))
    ]


def prompt_ids(
    question: str, style: PromptStyle, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> tuple[list[int], bool]:
    """The question's tokens up to where the answer begins, and whether its middle was cut out."""
    head = _tokens("Question:", tokenizer)
    asked = _tokens(f"Question: {question.strip()}", tokenizer)
    tail = _tokens(style.behind, tokenizer)
    room = max_tokens - len(tail)
    if len(asked) <= room:
        return _tokens(f"Question: {question.strip()}{style.behind}", tokenizer), False
    keep = max(2, room - len(head)) // 2
    return [*asked[: len(head) + keep], *asked[-keep:], *tail], True


def prefix_ids(style: PromptStyle, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """What stands before every passage: it takes the attention that nothing deserves.

    A tokenizer without a start token lends its end token, or a line break.
    """
    ids = _tokens(style.before, tokenizer) if style.before else []
    start = tokenizer.bos_token_id
    if start is None:
        start = tokenizer.eos_token_id
    if start is None:
        return ids or _tokens("\n", tokenizer)
    return ids if ids[:1] == [start] else [int(start), *ids]


def style_of(tokenizer: PreTrainedTokenizerBase, tuned: bool) -> PromptStyle:
    """The style a model understands: plain where it was tuned here or has no chat template."""
    if tuned or not getattr(tokenizer, "chat_template", None):
        return PLAIN
    turn = [{"role": "user", "content": INSTRUCTION + PLACE}]
    rendered = str(tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))
    before, _, behind = rendered.partition(PLACE)
    return PromptStyle(before, behind, "chat") if behind else PLAIN


def _tokens(text: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
