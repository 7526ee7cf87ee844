"""Training objectives: how far the retriever's scores are from the teacher's, as one number.

Pure functions of (student, teacher, mask): the student's scores (B, K) for B questions with up to K
passages, the teacher's signal (B, K) or, for `emdr2`, (B, K, T) with T answer tokens, and a mask in
the signal's shape, true where there is something. Padding never changes a loss, and every loss is
summed over the passages of a question and averaged over the questions ("batchmean"; `emdr2` over
their tokens), so neither the batch size nor padding changes the scale. Knows no model and no file.

Which teacher the signal came from makes no difference here.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from reread.errors import BadRequest
from trainer.settings import OBJECTIVES

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]


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


def choose_objective(name: str, *, gamma: float) -> Objective:
    """The loss of that name; temperatures are applied to the scores before they come here."""
    known: dict[str, Objective] = {
        "kl": kl, "mse": mse, "margin": partial(margin, gamma=gamma), "emdr2": emdr2,
    }  # fmt: skip
    if name not in known:
        raise BadRequest(f"Unknown objective {name!r}; use one of {', '.join(OBJECTIVES)}.")
    return known[name]
