"""Training objectives: how far the retriever's scores are from the teacher's, as one number.

Pure functions of the student's scores (B, K) for B questions with up to K passages, and of what the
teacher says of them, with a mask that is true where there is something. Padding never changes a
loss, and every loss is averaged over the questions ("batchmean"; `emdr2` over their tokens, pairs
over the pairs), so neither the batch size nor padding changes the scale. Knows no model and no
file. Which teacher the signal came from makes no difference here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from reread.errors import BadRequest
from trainer.settings import DistilSettings
from trainer.teaching import OBJECTIVES


@dataclass(frozen=True, slots=True)
class Pairs:
    """P comparisons: how likely the first of two passages of a question is the better one."""

    question: Tensor  # (P,) int64, which of the B
    first: Tensor  # (P,) int64, which of its K
    second: Tensor  # (P,) int64
    log_first: Tensor  # (P,) log p(first is better)


@dataclass(frozen=True, slots=True)
class Signal:
    """All that a teacher says of a batch; an objective takes what it needs."""

    scores: Tensor  # (B, K)
    mask: Tensor  # (B, K) bool
    by_token: Tensor | None = None  # (B, K, T) log-probabilities of answer tokens
    token_mask: Tensor | None = None  # (B, K, T) bool
    labels: Tensor | None = None  # (B, K) 1 where a person or a file says so
    pairs: Pairs | None = None
    others: Tensor | None = None  # (B, P) the student's scores of all passages of the batch
    foreign: Tensor | None = None  # (B, P) bool, those that are other questions' alone


Objective = Callable[[Tensor, Signal], Tensor]


def kl(
    student: Tensor,  # (B, K)
    teacher: Tensor,  # (B, K)
    mask: Tensor,  # (B, K) bool
    *,
    student_temperature: float = 1.0,
    teacher_temperature: float = 1.0,
) -> Tensor:
    """KL(teacher || student) between the softmaxes over each question's passages (FiD-KD, L_KL).

    >>> one = torch.tensor([[1.0, 2.0]])
    >>> float(kl(one, one, torch.ones(1, 2, dtype=torch.bool)))
    0.0
    """
    log_student = masked_log_softmax(student / student_temperature, mask)  # (B, K)
    log_teacher = masked_log_softmax(teacher / teacher_temperature, mask)  # (B, K)
    terms = log_teacher.exp() * (log_teacher - log_student)  # (B, K)
    return terms.masked_fill(~mask, 0.0).sum() / len(student)


def mse(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Squared difference of the raw scores; the only objective that sees a constant shift.

    >>> mask = torch.tensor([[True, True, False]])
    >>> float(mse(torch.tensor([[1.0, 2.0, 9.0]]), torch.tensor([[0.0, 4.0, 0.0]]), mask))
    5.0
    """
    difference = (student - teacher).masked_fill(~mask, 0.0)  # (B, K)
    return difference.square().sum() / len(student)


def margin(student: Tensor, teacher: Tensor, mask: Tensor, *, gamma: float = 0.2) -> Tensor:
    """Hinge on every ordered pair the teacher tells apart: the better one must lead by gamma.

    The paper's sum also runs over tied pairs, where sign is 0 and the term is the constant gamma:
    it has no gradient, so it is left out and a perfectly ordered list costs nothing.

    >>> mask = torch.ones(1, 2, dtype=torch.bool)
    >>> float(margin(torch.tensor([[0.0, 3.0]]), torch.tensor([[1.0, 0.0]]), mask, gamma=1.0))
    8.0
    """
    sign = torch.sign(teacher.unsqueeze(2) - teacher.unsqueeze(1))  # (B, K, K)
    gap = student.unsqueeze(2) - student.unsqueeze(1)  # (B, K, K)
    pairs = mask.unsqueeze(2) & mask.unsqueeze(1) & (sign != 0)  # (B, K, K)
    hinge = functional.relu(gamma - sign * gap).masked_fill(~pairs, 0.0)  # (B, K, K)
    return hinge.sum() / len(student)


def emdr2(student: Tensor, log_probs: Tensor, mask: Tensor) -> Tensor:
    """-log of each answer token's chance, the passage drawn by the student; mean over tokens.

    The token-level form of EMDR2: L = -(1 / tokens) sum_t log sum_k softmax(s)_k p_kt, where
    `log_probs` (B, K, T) holds log p_kt, the reader's for token t with only passage k in context.

    >>> chances = torch.tensor([[[0.5, 1.0], [0.5, 1.0]]])
    >>> round(float(emdr2(torch.zeros(1, 2), chances.log(), chances > 0)), 4)
    0.3466
    """
    log_student = masked_log_softmax(student, mask.any(dim=2))  # (B, K)
    floor = torch.finfo(student.dtype).min
    joint = (log_student.unsqueeze(2) + log_probs).masked_fill(~mask, floor)  # (B, K, T)
    tokens = mask.any(dim=1)  # (B, T)
    chances = torch.logsumexp(joint, dim=1).masked_fill(~tokens, 0.0)  # (B, T)
    return -chances.sum() / tokens.sum()


def masked_log_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Log-softmax over the passages that exist; 0 at the others, so products with them vanish."""
    floor = torch.finfo(scores.dtype).min
    logs = torch.log_softmax(scores.masked_fill(~mask, floor), dim=-1)  # (B, K)
    return logs.masked_fill(~mask, 0.0)


def soft_labels(
    student: Tensor,
    teacher: Tensor,
    mask: Tensor,
    labels: Tensor | None,
    *,
    temperature: float = 1.0,
    hard_share: float = 0.0,
) -> Tensor:
    """a CE(labels, student) + (1 - a) T^2 KL(teacher / T || student / T): Hinton et al. 2015.

    A reconstruction of arXiv 1911.11065, of which only the abstract could be read. T^2 keeps the
    gradient's scale. Questions without a label have no hard term; 0 of it needs no labels at all.

    >>> one, mask = torch.tensor([[1.0, 2.0]]), torch.ones(1, 2, dtype=torch.bool)
    >>> float(soft_labels(one, one, mask, None, temperature=3.0))
    0.0
    >>> hard = soft_labels(torch.zeros(1, 2), one, mask, torch.tensor([[0.0, 1.0]]), hard_share=1.0)
    >>> round(float(hard), 4)
    0.6931
    """
    soft = temperature**2 * kl(
        student, teacher, mask, student_temperature=temperature, teacher_temperature=temperature
    )
    if hard_share == 0.0:
        return soft
    if labels is None:
        raise BadRequest(
            f"hard_label_share is {hard_share} and the examples have no labels; give questions "
            f"that name their passages, or use 0."
        )
    return hard_share * cross_entropy(student, labels, mask) + (1.0 - hard_share) * soft


def cross_entropy(student: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """-log of the chance that the student draws a labelled passage; mean over all questions."""
    logs = masked_log_softmax(student, mask)  # (B, K)
    floor = torch.finfo(student.dtype).min
    positive = (labels > 0) & mask  # (B, K)
    some = positive.any(dim=1)  # (B,)
    chosen = torch.logsumexp(logs.masked_fill(~positive, floor), dim=1)  # (B,)
    return -chosen.masked_fill(~some, 0.0).sum() / len(student)


def pair_kl(student: Tensor, pairs: Pairs | None) -> Tensor:
    """KL of two-way softmaxes, mean over the pairs of the batch; 0 without any (PairDistill).

    >>> pairs = Pairs(*(torch.tensor([n]) for n in (0, 1, 0)), torch.tensor([0.5]).log())
    >>> float(pair_kl(torch.tensor([[1.0, 1.0]]), pairs))
    0.0
    """
    if pairs is None or not len(pairs.question):
        return student.sum() * 0.0
    first, second = student[pairs.question, pairs.first], student[pairs.question, pairs.second]
    own = functional.log_softmax(torch.stack([first, second], dim=1), dim=1)  # (P, 2)
    target = two_way(pairs.log_first).to(own.dtype)  # (P, 2)
    return functional.kl_div(own, target, reduction="batchmean", log_target=True)


def two_way(log_first: Tensor) -> Tensor:
    """(P,) log p -> (P, 2) log p and log(1 - p); p is kept off 0 and 1, where logs end."""
    limit = torch.tensor(1e-6, dtype=log_first.dtype, device=log_first.device)
    held = log_first.clamp(limit.log(), torch.log1p(-limit))
    return torch.stack([held, torch.log1p(-held.exp())], dim=1)


def in_batch(student: Tensor, signal: Signal) -> Tensor:
    """Cross-entropy of the teacher's first passage against other questions' passages alone."""
    if signal.others is None or signal.foreign is None:
        raise BadRequest("The in-batch term needs the scores of the whole batch.")
    floor = torch.finfo(student.dtype).min
    best = signal.scores.masked_fill(~signal.mask, floor).argmax(dim=1, keepdim=True)  # (B, 1)
    own = student.gather(1, best)  # (B, 1)
    others = signal.others.masked_fill(~signal.foreign, floor)  # (B, P)
    logs = functional.log_softmax(torch.cat([own, others], dim=1), dim=1)[:, 0]
    return -logs.mean()


def pair_distil(
    student: Tensor, signal: Signal, *, pair_weight: float, in_batch_weight: float
) -> Tensor:
    """Listwise KL + 3 x pairwise KL + in-batch cross-entropy: PairDistill (EMNLP 2024)."""
    loss = kl(student, signal.scores, signal.mask) + pair_weight * pair_kl(student, signal.pairs)
    return loss + in_batch_weight * in_batch(student, signal) if in_batch_weight else loss


def margin_mse(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """Squared difference of margins to the teacher's best passage (arXiv 2010.02666).

    Mean over the other passages of a question. Scores must not be squashed to 0..1.

    >>> mask = torch.ones(1, 2, dtype=torch.bool)
    >>> float(margin_mse(torch.tensor([[5.0, 2.0]]), torch.tensor([[1.0, 0.0]]), mask))
    4.0
    """
    floor = torch.finfo(student.dtype).min
    best = teacher.masked_fill(~mask, floor).argmax(dim=1, keepdim=True)  # (B, 1)
    gaps = [one.gather(1, best) - one for one in (student, teacher)]  # (B, K), 0 at the best
    squares = (gaps[0] - gaps[1]).masked_fill(~mask, 0.0).square().sum(dim=1)  # (B,)
    return (squares / (mask.sum(dim=1) - 1).clamp_min(1)).mean()


def ranknet(student: Tensor, teacher: Tensor, mask: Tensor) -> Tensor:
    """log(1 + exp(s_j - s_i)) for every pair that the teacher orders i before j; mean over pairs.

    >>> mask = torch.ones(1, 2, dtype=torch.bool)
    >>> round(float(ranknet(torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0.0]]), mask)), 4)
    0.6931
    """
    ordered = teacher.unsqueeze(2) > teacher.unsqueeze(1)  # (B, K, K)
    pairs = ordered & mask.unsqueeze(2) & mask.unsqueeze(1)
    gap = student.unsqueeze(2) - student.unsqueeze(1)  # (B, K, K) i - j
    losses = functional.softplus(-gap).masked_fill(~pairs, 0.0).sum(dim=(1, 2))  # (B,)
    return (losses / pairs.sum(dim=(1, 2)).clamp_min(1)).mean()


def choose_objective(settings: DistilSettings) -> Objective:
    """The loss that the settings name; the teacher's temperature is applied before it comes here.

    A settings' own name is never unknown; one added there without a loss here is refused.
    """
    name = settings.loss
    if name not in OBJECTIVES:
        raise BadRequest(f"Unknown objective {name!r}; use one of {', '.join(OBJECTIVES)}.")

    def objective(student: Tensor, signal: Signal) -> Tensor:
        teacher, mask = signal.scores, signal.mask
        match name:
            case "kl":
                return kl(student, teacher, mask)
            case "mse":
                return mse(student, teacher, mask)
            case "margin":
                return margin(student, teacher, mask, gamma=settings.margin_gamma)
            case "margin_mse":
                return margin_mse(student, teacher, mask)
            case "ranknet":
                return ranknet(student, teacher, mask)
            case "soft_labels":
                return soft_labels(
                    student, teacher, mask, signal.labels,
                    temperature=settings.label_temperature, hard_share=settings.hard_label_share,
                )  # fmt: skip
            case "pair_kl":
                return pair_distil(
                    student, signal, pair_weight=settings.pair_weight,
                    in_batch_weight=settings.in_batch_weight,
                )  # fmt: skip
        assert signal.by_token is not None and signal.token_mask is not None
        return emdr2(student, signal.by_token, signal.token_mask)

    return objective
