"""A cross-encoder as a teacher: question and passage read together, one number out.

Any sequence-classification model: one label is the score, of two the second's log-odds. Knows
transformers and texts; knows no reader, no cache and no student.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from reread.compute.devices import pick_device
from reread.errors import BadRequest, UnknownModel
from reread.records import Passage
from trainer.examples import Example
from trainer.teacher.revision import folder_revision
from trainer.teacher.teacher import Judgement

ROWS = 32  # pairs in one call
MAX_TOKENS = 256  # question and passage together


@dataclass(frozen=True, slots=True)
class CrossEncoder:
    """Larger is better; scores are logits, never squashed to 0..1."""

    model: Any
    tokenizer: Any
    name: str
    signal: str = "cross_encoder"

    @classmethod
    def load(cls, name_or_path: str, *, device: str = "auto") -> "CrossEncoder":
        """In float32; raises UnknownModel, or BadRequest where it has more than two labels."""
        try:
            model = AutoModelForSequenceClassification.from_pretrained(
                name_or_path, dtype=torch.float32, use_safetensors=True
            )
            tokenizer = AutoTokenizer.from_pretrained(name_or_path)
        except (OSError, ValueError, KeyError) as error:
            first = (str(error).strip().splitlines() or [repr(error)])[0]
            raise UnknownModel(
                f"The cross-encoder {name_or_path!r} could not be loaded ({first}); set "
                f"teacher_model to a folder of a sequence-classification model."
            ) from error
        if model.config.num_labels > 2:
            raise BadRequest(
                f"{name_or_path} has {model.config.num_labels} labels and a relevance has 1 or 2: "
                f"set teacher_model to another model."
            )
        name = f"{Path(name_or_path).name}@{folder_revision(Path(name_or_path))}"
        return cls(model.to(pick_device(device)).eval(), tokenizer, name)

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        return [Judgement(tuple(self.score(one.question, one.passages))) for one in examples]

    @torch.inference_mode()
    def score(self, question: str, passages: Sequence[Passage]) -> list[float]:
        texts = [_text(one) for one in passages]
        order = sorted(range(len(texts)), key=lambda k: len(texts[k]))  # near-equal lengths
        scores = [0.0] * len(texts)
        for start in range(0, len(order), ROWS):
            chunk = order[start : start + ROWS]
            own_passages = [passages[k] for k in chunk]
            encoded = encode_pairs(self.tokenizer, [question] * len(chunk), own_passages)
            logits = self.model(**encoded.to(self.model.device)).logits.float()  # (R, 1 or 2)
            own = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
            for k, score in zip(chunk, own.tolist(), strict=True):
                scores[k] = score
        return scores


def encode_pairs(tokenizer: Any, questions: Sequence[str], passages: Sequence[Passage]) -> Any:
    """Question and passage of each pair as one sequence; what is too long is cut at its end."""
    return tokenizer(
        list(questions), [_text(one) for one in passages], truncation="only_second",
        max_length=MAX_TOKENS, padding=True, return_tensors="pt",
    )  # fmt: skip


def _text(passage: Passage) -> str:
    return f"{passage.title} {passage.text}".strip()
