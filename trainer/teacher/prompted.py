"""Language models as teachers by one word: monoT5, duoT5, instruction prompts; pointwise or pairs.

The score is the log-odds of the first generated token being one word and not the other. T5, BART
and causal models. Knows transformers, templates and texts; knows no reader, cache or student.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from reread.compute.devices import pick_device
from reread.errors import BadRequest, UnknownModel
from reread.records import Passage
from trainer.examples import Example
from trainer.teacher.revision import folder_revision
from trainer.teacher.teacher import Judgement
from trainer.teaching import PAIR_FIELDS, PROMPT_FIELDS, check_prompt

MONO_PROMPT = "Query: {question} Document: {passage} Relevant:"
DUO_PROMPT = "Query: {question} Document0: {first} Document1: {second} Relevant:"
PASSAGE_TOKENS = 180  # of one passage; what follows it in a prompt must not be cut
ROWS = 16


@dataclass(frozen=True, slots=True)
class FirstWord:
    """A model, and the two tokens whose odds are read."""

    model: Any
    tokenizer: Any
    name: str
    yes: int
    no: int

    @classmethod
    def load(
        cls, name_or_path: str, words: tuple[str, str], *, device: str = "auto"
    ) -> "FirstWord":
        """In float32. Raises UnknownModel, or BadRequest where both words begin alike."""
        try:
            config = AutoConfig.from_pretrained(name_or_path)
            kind: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
            model = kind.from_pretrained(name_or_path, dtype=torch.float32, use_safetensors=True)
            tokenizer = AutoTokenizer.from_pretrained(name_or_path)
        except (OSError, ValueError, KeyError) as error:
            first = (str(error).strip().splitlines() or [repr(error)])[0]
            raise UnknownModel(
                f"The prompted teacher {name_or_path!r} could not be loaded ({first}); give a "
                f"folder of a T5, BART or causal model."
            ) from error
        name = f"{Path(name_or_path).name}@{folder_revision(Path(name_or_path))}"
        return cls.of(model.to(pick_device(device)).eval(), tokenizer, name, words)

    @classmethod
    def of(cls, model: Any, tokenizer: Any, name: str, words: tuple[str, str]) -> "FirstWord":
        space = "" if model.config.is_encoder_decoder else " "  # a causal model goes on writing
        yes, no = (
            tokenizer(f"{space}{word}", add_special_tokens=False)["input_ids"] for word in words
        )
        unknown = tokenizer.unk_token_id
        if not yes or not no or yes[0] == no[0] or unknown in (yes[0], no[0]):
            raise BadRequest(
                f"{name} cannot tell {words[0]!r} from {words[1]!r} by a first token it knows "
                f"({yes[:1]} and {no[:1]}): choose other words."
            )
        return cls(model, tokenizer, name, int(yes[0]), int(no[0]))

    def cut(self, passage: Passage, limit: int = PASSAGE_TOKENS) -> str:
        """Title and text, as far as `limit` tokens reach."""
        text = f"{passage.title} {passage.text}".strip()
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) <= limit:
            return text
        return str(self.tokenizer.decode(ids[:limit], skip_special_tokens=True))

    @torch.inference_mode()
    def log_odds(self, prompts: Sequence[str]) -> list[float]:
        """log p(yes) - log p(no) after each prompt."""
        order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
        odds = [0.0] * len(prompts)
        for start in range(0, len(order), ROWS):
            chunk = order[start : start + ROWS]
            logits = self._first_logits([prompts[n] for n in chunk])  # (R, V)
            for n, value in zip(chunk, (logits[:, self.yes] - logits[:, self.no]), strict=True):
                odds[n] = float(value)
        return odds

    def _first_logits(self, prompts: list[str]) -> Tensor:
        """Of the first token that is written; padding stands left of what a causal model reads."""
        ids = self.tokenizer(prompts)["input_ids"]
        config, width = self.model.config, max(map(len, ids))
        pad = self.tokenizer.pad_token_id or 0
        left = not config.is_encoder_decoder
        gaps = [[pad] * (width - len(one)) for one in ids]
        seen = [[0] * len(gap) for gap in gaps]
        rows = [gap + one if left else one + gap for gap, one in zip(gaps, ids, strict=True)]
        mask = [
            hidden + [1] * len(one) if left else [1] * len(one) + hidden
            for hidden, one in zip(seen, ids, strict=True)
        ]
        place = self.model.device
        inputs = torch.tensor(rows, device=place), torch.tensor(mask, device=place)
        if left:
            positions = (inputs[1].cumsum(dim=1) - 1).clamp_min(0)
            found = self.model(
                input_ids=inputs[0], attention_mask=inputs[1], position_ids=positions
            )
            last: Tensor = found.logits[:, -1].float()
            return last
        begun = _decoder_start(self.model, len(rows)).to(place)
        found = self.model(input_ids=inputs[0], attention_mask=inputs[1], decoder_input_ids=begun)
        first: Tensor = found.logits[:, -1].float()
        return first


def _decoder_start(model: Any, rows: int) -> Tensor:
    """(R, 1 or 2) the decoder's first input, and the token that BART is made to write first."""
    rules = model.generation_config
    start = rules.decoder_start_token_id
    begun = [model.config.decoder_start_token_id if start is None else start]
    if rules.forced_bos_token_id is not None:
        begun.append(rules.forced_bos_token_id)
    return torch.tensor([begun] * rows)


@dataclass(frozen=True, slots=True)
class PromptedTeacher:
    """Pointwise: how much rather the model says the first of its two words."""

    scorer: FirstWord
    prompt: str = MONO_PROMPT
    signal: str = "prompted"

    def __post_init__(self) -> None:
        check_prompt("teacher_prompt", self.prompt, PROMPT_FIELDS)

    @property
    def name(self) -> str:
        return self.scorer.name

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        return [Judgement(tuple(self.score(one.question, one.passages))) for one in examples]

    def score(self, question: str, passages: Sequence[Passage]) -> list[float]:
        return self.scorer.log_odds(
            [self.prompt.format(question=question, passage=self.scorer.cut(p)) for p in passages]
        )


@dataclass(frozen=True, slots=True)
class PromptedPairs:
    """Pairwise: how much rather the model says that the first passage is the better one."""

    scorer: FirstWord
    prompt: str = DUO_PROMPT

    def __post_init__(self) -> None:
        check_prompt("pair_prompt", self.prompt, PAIR_FIELDS)

    @property
    def name(self) -> str:
        return self.scorer.name

    def compare(self, question: str, pairs: Sequence[tuple[Passage, Passage]]) -> list[float]:
        """(P,) log-odds of the first passage of each pair, asked in this order alone."""
        return self.scorer.log_odds(
            [
                self.prompt.format(
                    question=question, first=self.scorer.cut(one), second=self.scorer.cut(other)
                )
                for one, other in pairs
            ]
        )
