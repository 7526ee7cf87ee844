"""One question as a causal reader is to read it: some passages drawn, cut, shuffled, tokenised.

Everything is drawn from the generator that is given, so the same seed and step give the same
tasks. Knows examples and a tokenizer; knows no model and no batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from transformers import PreTrainedTokenizerBase

from reread.errors import BadRequest
from reread.reader.causal.strings import PLAIN, cut_blocks, prefix_ids, prompt_ids
from trainer.reader.drawing.drawing import Drawing, Drawn, ExampleSets, draw_step
from trainer.reader.drawing.examples import VERDICT, ReadingExample


@dataclass(frozen=True, slots=True)
class CausalTask:
    """Token ids of one question: `blocks` without the prefix, `target` with its end token."""

    blocks: tuple[tuple[int, ...], ...]
    prompt: tuple[int, ...]
    target: tuple[int, ...]
    right: tuple[int, ...]  # places among `blocks`
    kind: str

    @property
    def tokens(self) -> int:
        """What it costs to read."""
        return sum(map(len, self.blocks)) + len(self.prompt)


class TaskDrawer:
    """Draws tasks from weighted sets of examples."""

    def __init__(
        self,
        sets: Mapping[str, Sequence[ReadingExample]],
        weights: Mapping[str, float],
        tokenizer: PreTrainedTokenizerBase,
        drawing: Drawing = Drawing(),
    ) -> None:
        self._sets = ExampleSets(sets, weights)
        self._tokenizer = tokenizer
        self._drawing = drawing
        self.prefix = tuple(prefix_ids(PLAIN, tokenizer))
        if tokenizer.eos_token_id is None:
            raise BadRequest(
                "The model's tokenizer has no end token, so an answer could not end; use a model "
                "that has one."
            )
        self._end = int(tokenizer.eos_token_id)

    def step(self, seed: int, step: int, tokens: int) -> list[CausalTask]:
        """The questions of one step: as many as it takes to read at least `tokens`."""
        return draw_step(self.draw, seed, step, tokens)

    def draw(self, random: Random) -> CausalTask | None:
        """One question, or None where what was drawn cannot teach (its answer was cut away)."""
        drawn = self._sets.draw(self._drawing, random)
        return None if drawn is None else self._tokenised(drawn)

    def _tokenised(self, drawn: Drawn) -> CausalTask | None:
        tokenizer, drawing, answer = self._tokenizer, self._drawing, drawn.answer
        blocks = [
            block.ids for block in cut_blocks(drawn.passages, tokenizer, drawing.block_tokens)
        ]
        if answer and drawn.kind != VERDICT:
            shown = [str(tokenizer.decode(blocks[at])) for at in drawn.right]
            if not any(answer in text for text in shown):
                return None
        target = tokenizer(f" {answer}", add_special_tokens=False)["input_ids"] if answer else []
        prompt, _ = prompt_ids(drawn.question, PLAIN, tokenizer, drawing.prompt_tokens)
        end = (*target, self._end)
        return CausalTask(tuple(blocks), tuple(prompt), end, drawn.right, drawn.kind)
