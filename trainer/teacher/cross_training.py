"""Trains a cross-encoder: the right passage of each question before wrong ones that look right.

The loss is the cross-entropy of the right one among those drawn (arXiv 2101.08751). A run that is
interrupted goes on from its folder: draws and dropout follow from the seed and the step. Knows a
model and mined questions; knows no log, no student and no command.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from reread.errors import BadRequest, UnknownModel
from reread.records import Passage
from trainer.dropout import set_dropout
from trainer.schedule import linear_rate
from trainer.teacher.cross_encoder import encode_pairs
from trainer.teacher.negatives import Mined
from trainer.teacher.training_settings import CrossTraining
from trainer.training_state import load_state, require_same_run, save_state, sweep_states

StepReport = Callable[[dict[str, float]], None]  # step, loss, right_first, rate
CLIP_NORM, STATE = 1.0, "state"


def load_base(name_or_path: str, *, seed: int) -> tuple[Any, Any]:
    """A sequence classifier of one label over a pretrained encoder, and its tokenizer.

    The head is drawn from the seed unless the folder has one. Raises UnknownModel.
    """
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = AutoModelForSequenceClassification.from_pretrained(
                name_or_path, num_labels=1, dtype=torch.float32
            )
        return model, AutoTokenizer.from_pretrained(name_or_path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        first = (str(error).strip().splitlines() or [repr(error)])[0]
        raise UnknownModel(
            f"No cross-encoder can be made of {name_or_path!r} ({first}); give a folder or name of "
            f"an encoder such as BERT."
        ) from error


def train_cross_encoder(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Mined],
    settings: CrossTraining,
    folder: Path,
    *,
    bf16: bool = False,
    report: StepReport = lambda line: None,
) -> None:
    """Train in place and write model and tokenizer to `folder`; goes on from a state there.

    Raises BadRequest where the folder's run had other settings or questions.
    """
    if not questions:
        raise BadRequest("There is no question to train the cross-encoder on; give some.")
    held = {**settings.held(), "questions": fingerprint(questions)}
    states = folder / STATE
    sweep_states(states)
    require_same_run(states, held)
    set_dropout(model, settings.dropout)
    model.train()
    optimizer = _make_optimizer(model, settings)
    found = load_state(states, model, optimizer, held)
    done = found.step if found else 0
    losses: list[float] = []
    firsts: list[float] = []
    while done < settings.steps:
        rate = linear_rate(done, settings.steps, int(settings.steps * settings.warmup_share))
        scores = _step(model, tokenizer, questions, settings, optimizer, done, rate, bf16)
        losses.append(float(right_loss(scores)))
        firsts.append(float((scores.argmax(dim=1) == 0).float().mean()))
        done += 1
        if done % settings.log_every == 0 or done == settings.steps:
            line = {"loss": _mean(losses), "right_first": _mean(firsts)}
            report({"step": done, **line, "rate": rate * settings.learning_rate})
            losses, firsts = [], []
        if done % settings.save_every == 0 or done == settings.steps:
            save_state(states, done, model, optimizer, held)
    model.eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def right_loss(scores: Tensor) -> Tensor:
    """(B, 1 + N), the right passage's score first -> its mean cross-entropy.

    >>> round(float(right_loss(torch.zeros(3, 4))), 4)
    1.3863
    """
    first = torch.zeros(len(scores), dtype=torch.int64, device=scores.device)
    return nn.functional.cross_entropy(scores, first)


def draw(
    questions: Sequence[Mined], settings: CrossTraining, step: int
) -> list[tuple[str, list[Passage]]]:
    """A step's questions, each with its right passage first and then wrong ones.

    Every question once before any comes again. One with fewer wrong passages repeats some, so that
    all are as wide.
    """
    size = settings.batch_questions
    drawn = []
    for place in range(step * size, (step + 1) * size):
        epoch, inside = divmod(place, len(questions))
        order = Random(f"{settings.seed}/{epoch}").sample(range(len(questions)), len(questions))
        one, random = questions[order[inside]], Random(f"{settings.seed}/{place}")
        count = settings.negatives
        wrong = random.sample(one.wrong, min(count, len(one.wrong)))
        wrong += random.choices(one.wrong, k=count - len(wrong))
        drawn.append((one.question, [one.right, *wrong]))
    return drawn


@torch.inference_mode()
def right_first(score: Callable[[str, Sequence[Passage]], list[float]], mined: Mined) -> bool:
    """Whether a teacher's scores put the right passage before every wrong one."""
    scores = score(mined.question, [mined.right, *mined.wrong])
    return scores[0] > max(scores[1:])


def fingerprint(questions: Sequence[Mined]) -> str:
    """A hash of all that the questions bring into a run, in order."""
    digest = hashlib.blake2b(digest_size=12)
    for one in questions:
        texts = [part for p in (one.right, *one.wrong) for part in (p.title, p.text)]
        for part in (one.question, *texts):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _step(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Mined],
    settings: CrossTraining,
    optimizer: torch.optim.Optimizer,
    step: int,
    rate: float,
    bf16: bool,
) -> Tensor:
    """One step; the scores (B, 1 + N) it was made from, without gradient."""
    for group in optimizer.param_groups:
        group["lr"] = rate * settings.learning_rate
    drawn = draw(questions, settings, step)
    asked = [question for question, passages in drawn for _ in passages]
    encoded = encode_pairs(tokenizer, asked, [one for _, own in drawn for one in own])
    place = model.device
    autocast = torch.autocast(place.type, dtype=torch.bfloat16) if bf16 else nullcontext()
    with torch.random.fork_rng(), autocast:
        torch.manual_seed(settings.seed * 1_000_003 + step)
        logits = model(**encoded.to(place)).logits.float()  # (B * (1 + N), 1)
    scores: Tensor = logits.view(len(drawn), -1)  # (B, 1 + N)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(right_loss(scores))
    nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], CLIP_NORM)
    optimizer.step()
    return scores.detach()


def _make_optimizer(model: Any, settings: CrossTraining) -> torch.optim.AdamW:
    model.get_input_embeddings().weight.requires_grad_(not settings.freeze_embeddings)
    learning = [one for one in model.parameters() if one.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [one for one in learning if one.dim() > 1]},
        {"params": [one for one in learning if one.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
