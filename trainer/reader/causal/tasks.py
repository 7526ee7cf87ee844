"""One question as a causal reader is to read it: some passages drawn, cut, shuffled, tokenised.

Everything is drawn from the generator that is given, so the same seed and step give the same
tasks. Knows examples and a tokenizer; knows no model and no batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from transformers import PreTrainedTokenizerBase

from reread.errors import BadRequest
from reread.reader.causal.strings import PLAIN, cut_blocks, prefix_ids, prompt_ids
from reread.records import Passage
from trainer.reader.causal.examples import VERDICT, CausalExample

MOST_REFUSED = 1000  # draws in a row that gave nothing: the data cannot be drawn from


@dataclass(frozen=True, slots=True)
class Drawing:
    """How tasks are drawn; shares are of questions, sizes in words or tokens."""

    passages: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 10, 14)
    weights: tuple[int, ...] = (8, 32, 26, 14, 8, 5, 4, 2, 1)
    crop_share: float = 0.6
    crop_words: tuple[int, int] = (40, 75)
    crop_above: int = 70  # words; shorter passages are never cut
    crop_kinds: tuple[str, ...] = ("span", "definition", "none")
    second_right: float = 0.3  # share with another right passage, where there is one
    lower_share: float = 0.06  # questions in lower case without their question mark
    nearest: float = 3.0  # distractors: an exponential draw over their order, its scale a third
    block_tokens: int = 250
    prompt_tokens: int = 160


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
        sets: Mapping[str, Sequence[CausalExample]],
        weights: Mapping[str, float],
        tokenizer: PreTrainedTokenizerBase,
        drawing: Drawing = Drawing(),
    ) -> None:
        self._sets = [sets[name] for name in sorted(sets)]
        self._weights = [weights[name] for name in sorted(sets)]
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
        random = Random(f"{seed}/{step}")
        found: list[CausalTask] = []
        total = refused = 0
        while total < tokens:
            task = self.draw(random)
            if task is None:
                refused += 1
                if refused > MOST_REFUSED:
                    raise BadRequest(
                        f"{MOST_REFUSED} draws in a row gave no question whose answer stands in a "
                        "passage within the first tokens; check the data's answers."
                    )
                continue
            found.append(task)
            total, refused = total + task.tokens, 0
        return found

    def draw(self, random: Random) -> CausalTask | None:
        """One question, or None where what was drawn cannot teach (its answer was cut away)."""
        example = random.choice(random.choices(self._sets, self._weights)[0])
        places = choose_passages(example, self._drawing, random)
        gold = [place for place in places if place in example.positives]
        answer = choose_answer(example, gold, random)
        if not places or answer is None:
            return None
        passages = [example.passages[place] for place in places]
        drawing = self._drawing
        if random.random() < drawing.crop_share and example.kind in drawing.crop_kinds:
            passages = [
                crop(one, example.answers if place in gold else (), drawing, random)
                for one, place in zip(passages, places, strict=True)
            ]
        question = example.question
        if random.random() < drawing.lower_share:
            question = question.lower().rstrip("?")
        right = tuple(at for at, place in enumerate(places) if place in gold)
        return self._tokenised(example.kind, question, passages, answer, right)

    def _tokenised(
        self, kind: str, question: str, passages: Sequence[Passage], answer: str,
        right: tuple[int, ...],
    ) -> CausalTask | None:  # fmt: skip
        tokenizer, drawing = self._tokenizer, self._drawing
        blocks = [block.ids for block in cut_blocks(passages, tokenizer, drawing.block_tokens)]
        if answer and kind != VERDICT:
            shown = [str(tokenizer.decode(blocks[at])) for at in right]
            if not any(answer in text for text in shown):
                return None
        target = tokenizer(f" {answer}", add_special_tokens=False)["input_ids"] if answer else []
        prompt, _ = prompt_ids(question, PLAIN, tokenizer, drawing.prompt_tokens)
        return CausalTask(tuple(blocks), tuple(prompt), (*target, self._end), right, kind)


def choose_passages(example: CausalExample, drawing: Drawing, random: Random) -> list[int]:
    """Places of the passages read: a right one where there is one, the rest mostly hard."""
    count = random.choices(drawing.passages, drawing.weights)[0]
    right = example.positives
    others = [place for place in range(len(example.passages)) if place not in right]
    chosen: list[int] = []
    while others and len(chosen) < count - (1 if right else 0):
        at = int(random.expovariate(1.0) * len(others) / drawing.nearest)
        chosen.append(others.pop(min(at, len(others) - 1)))
    if right:
        chosen.append(random.choice(right[:3]))
        if len(right) > 1 and random.random() < drawing.second_right:
            chosen.append(random.choice(right[:3]))
    chosen = list(dict.fromkeys(chosen))
    random.shuffle(chosen)
    return chosen


def choose_answer(example: CausalExample, gold: Sequence[int], random: Random) -> str | None:
    """What is to be said: "" refuses; None where no answer stands in the passages chosen."""
    if not example.answers:
        return ""
    if example.kind == VERDICT:
        return example.answers[0]
    here = [
        answer
        for answer in example.answers
        if any(answer in example.passages[place].text for place in gold)
    ]
    return random.choice(here) if here else None


def crop(passage: Passage, answers: Sequence[str], drawing: Drawing, random: Random) -> Passage:
    """A window of a long passage, around the first answer that stands in it.

    The passage is left whole where no window would hold all of the answer.
    """
    words = passage.text.split(" ")
    if len(words) <= drawing.crop_above:
        return passage
    size = min(random.randint(*drawing.crop_words), len(words))
    first, last = 0, len(words) - size
    found = next((one for one in answers if one in passage.text), None)
    if found is not None:
        begins = passage.text[: passage.text.index(found)].count(" ")
        ends = begins + found.count(" ") + 1
        first, last = max(0, ends - size), min(begins, last)
    if first > last:
        return passage
    start = random.randint(first, last)
    return replace(passage, text=" ".join(words[start : start + size]))
