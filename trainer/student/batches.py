"""Training examples as token ids: every text tokenised once, every passage of a batch encoded once.

Knows a retriever's tokenisation and tensors; knows no objective, no optimizer and no log.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from reread.records import Passage
from reread.retriever.retriever import DenseRetriever
from trainer.examples import Example, Preference
from trainer.student.objectives import Pairs, Signal

TokenIds = list[int]
Text = TypeVar("Text", str, Passage)
TEXTS_AT_ONCE = 1024
WINDOW_BATCHES = 512  # questions are grouped within so many batches


@dataclass(frozen=True, slots=True)
class TokenisedExamples:
    """Examples as ids; `lists[i]` numbers the passages of question i in `passages`."""

    questions: list[TokenIds]
    passages: list[TokenIds]  # each different text once
    lists: list[list[int]]
    teacher: list[np.ndarray]  # float32 (K_i,)
    token_teacher: list[np.ndarray]  # float32 (K_i, T_i); empty where examples have none
    labels: list[np.ndarray]  # float32 (K_i,); empty where examples have none
    pairs: list[tuple[Preference, ...]]


@dataclass(frozen=True, slots=True)
class Batch:
    """B questions with their P different passages; `places[b, k]` is the row of U to score."""

    questions: list[TokenIds]  # B
    passages: list[TokenIds]  # P
    places: Tensor  # (B, K) int64, 0 where masked
    teacher: Tensor  # (B, K) float32, 0 where masked
    mask: Tensor  # (B, K) bool
    token_teacher: Tensor | None = None  # (B, K, T) float32, 0 where masked
    token_mask: Tensor | None = None  # (B, K, T) bool
    labels: Tensor | None = None  # (B, K) float32, 0 where masked
    pairs: Pairs | None = None  # of passages that are both drawn

    def to_signal(self, device: torch.device, *, shift: float = 0.0) -> Signal:
        """What the teacher says of this batch; `shift` is added to its scores."""
        by_token, token_mask, labels = (
            None if one is None else one.to(device)
            for one in (self.token_teacher, self.token_mask, self.labels)
        )
        pairs = self.pairs
        if pairs is not None:
            names = ("question", "first", "second", "log_first")
            pairs = Pairs(*(getattr(pairs, name).to(device) for name in names))
        scores, mask = self.teacher.to(device) + shift, self.mask.to(device)
        return Signal(scores, mask, by_token, token_mask, labels, pairs)

    def foreign(self) -> Tensor:
        """(B, P) passages of the batch that are not a question's own."""
        own = torch.zeros(len(self.questions), len(self.passages), dtype=torch.bool)
        rows = torch.arange(len(self.questions))[:, None].expand_as(self.places)
        own[rows[self.mask], self.places[self.mask]] = True
        return ~own


def tokenise(
    retriever: DenseRetriever, examples: Sequence[Example], teacher: Sequence[np.ndarray]
) -> TokenisedExamples:
    """All texts as ids, the passages deduplicated by title and text."""
    numbers: dict[tuple[str, str], int] = {}
    unique: list[Passage] = []
    lists: list[list[int]] = []
    for example in examples:
        for passage in example.passages:
            key = (passage.title, passage.text)
            if key not in numbers:
                numbers[key] = len(unique)
                unique.append(passage)
        lists.append([numbers[(one.title, one.text)] for one in example.passages])
    questions = _ids(retriever.tokenize_questions, [example.question for example in examples])
    passages = _ids(retriever.tokenize_passages, unique)
    by_token = [one.token_teacher for one in examples if one.token_teacher is not None]
    tokens = [np.asarray(one, dtype=np.float32) for one in by_token]
    known = [one.labels for one in examples]
    labels = [
        np.asarray(own or [0.0] * len(one.passages), dtype=np.float32)
        for own, one in zip(known, examples, strict=True)
    ]
    pairs = [one.pairs for one in examples]
    return TokenisedExamples(
        questions, passages, lists, list(teacher), tokens, labels if any(known) else [], pairs
    )


def _ids(
    tokenize: Callable[[Sequence[Text]], tuple[Tensor, Tensor]], texts: Sequence[Text]
) -> list[TokenIds]:
    """Each text's ids without the padding of the batch it was tokenised in."""
    found: list[TokenIds] = []
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        ids, mask = (one.cpu() for one in tokenize(texts[start : start + TEXTS_AT_ONCE]))
        found += [row[kept].tolist() for row, kept in zip(ids, mask.bool(), strict=True)]
    return found


def draw_batches(
    data: TokenisedExamples, *, size: int, passages_per_question: int, random: Random
) -> Iterator[Batch]:
    """One epoch in random order, so arranged that questions of a batch share passages.

    With BM25's 20 passages for 6,000 questions over 1,537 paragraphs and batches of 16, half of
    the passages need not be encoded; in a random order it is an eighth.
    """
    chance = list(range(len(data.passages)))
    random.shuffle(chance)
    drawn = [
        draw_passages(teacher, passages_per_question, [chance[n] for n in numbers], pairs)
        for teacher, numbers, pairs in zip(data.teacher, data.lists, data.pairs, strict=True)
    ]
    lists = [[own[k] for k in places] for own, places in zip(data.lists, drawn, strict=True)]
    for chosen in arrange(lists, size, random):
        yield _to_batch(data, chosen, add_encoded(data.lists, drawn, chosen))


def add_encoded(
    lists: Sequence[Sequence[int]], drawn: Sequence[Sequence[int]], chosen: Sequence[int]
) -> list[list[int]]:
    """Of each chosen question's list the places that some chosen question has drawn, ascending.

    What a batch encodes for one question costs nothing to score for another that has it too: with
    8 of 20 drawn, about 10 are scored. Those added are no worse than drawn ones: any part of a
    list has the whole list's optimum.

    >>> add_encoded([[5, 6, 7], [7, 8, 9], [5, 9, 4]], [[0, 2], [0, 1], [0, 2]], [0, 1])
    [[0, 2], [0, 1]]
    >>> add_encoded([[5, 6, 7], [7, 8, 9], [5, 9, 4]], [[0, 2], [0, 1], [1, 2]], [0, 2])
    [[0, 2], [0, 1, 2]]
    """
    encoded = {lists[i][place] for i in chosen for place in drawn[i]}
    return [[k for k, number in enumerate(lists[i]) if number in encoded] for i in chosen]


def arrange(lists: Sequence[Sequence[int]], size: int, random: Random) -> list[list[int]]:
    """Batches of question numbers in random order; `lists[i]` are the passages of question i.

    Only the last batch may be smaller. Windows bound the time: a choice looks at a whole window.
    """
    order = list(range(len(lists)))
    random.shuffle(order)
    count = -(-len(order) // size)  # batches
    windows = max(1, -(-count // WINDOW_BATCHES))
    window = -(-count // windows) * size
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        batches += _group(order[start : start + window], lists, size)
    random.shuffle(batches)
    return batches


def _group(chosen: list[int], lists: Sequence[Sequence[int]], size: int) -> list[list[int]]:
    """Greedily: a batch takes the question that shares most passages with those it has."""
    sizes = np.array([len(lists[i]) for i in chosen])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    flat, numbers = np.unique(np.concatenate([lists[i] for i in chosen]), return_inverse=True)
    parts = np.split(numbers, starts[1:])
    free = np.ones(len(chosen), dtype=bool)
    batches: list[list[int]] = []
    while free.any():
        inside = np.zeros(len(flat), dtype=np.int32)
        places: list[int] = []
        while len(places) < size and free.any():
            shared = np.add.reduceat(inside[numbers], starts) / sizes  # (window,)
            best = int(np.argmax(np.where(free, shared, -1.0)))
            free[best] = False
            inside[parts[best]] = 1
            places.append(best)
        batches.append([chosen[place] for place in places])
    return batches


def draw_passages(
    teacher: np.ndarray, count: int, chance: Sequence[int], pairs: Sequence[Preference] = ()
) -> list[int]:
    """Places of `count` passages, ascending: the teacher's best and those of lowest chance.

    Of pairs both ends are drawn or neither because of it: those of lowest chance first, as long as
    they fit.

    `chance` is one random number per passage for a whole epoch: uniform for each question, yet
    questions with the same passages draw the same ones. A student that matches the teacher on a
    whole list matches it on every part, so training on parts has the same optimum.
    """
    places = range(len(teacher))
    if count == 0 or count >= len(places):
        return list(places)
    best = int(np.argmax(teacher))
    chosen = {best}
    for one in sorted(pairs, key=lambda pair: (chance[pair.first], chance[pair.second])):
        if len(both := chosen | {one.first, one.second}) <= count:
            chosen = both
    others = sorted((place for place in places if place not in chosen), key=chance.__getitem__)
    return sorted([*chosen, *others[: count - len(chosen)]])


def _to_batch(data: TokenisedExamples, chosen: list[int], drawn: list[list[int]]) -> Batch:
    lists = [[data.lists[i][k] for k in places] for i, places in zip(chosen, drawn, strict=True)]
    used = sorted({number for numbers in lists for number in numbers})
    row_of = {number: row for row, number in enumerate(used)}
    width = max(len(numbers) for numbers in lists)
    places = torch.zeros(len(chosen), width, dtype=torch.int64)
    teacher = torch.zeros(len(chosen), width)
    mask = torch.zeros(len(chosen), width, dtype=torch.bool)
    for b, (i, numbers) in enumerate(zip(chosen, lists, strict=True)):
        places[b, : len(numbers)] = torch.tensor([row_of[number] for number in numbers])
        teacher[b, : len(numbers)] = torch.from_numpy(data.teacher[i][drawn[b]])
        mask[b, : len(numbers)] = True
    by_token = _pad_tokens(data, chosen, drawn, width) if data.token_teacher else (None, None)
    return Batch(
        questions=[data.questions[i] for i in chosen],
        passages=[data.passages[number] for number in used],
        places=places,
        teacher=teacher,
        mask=mask,
        token_teacher=by_token[0],
        token_mask=by_token[1],
        labels=_pad_labels(data, chosen, drawn, width) if data.labels else None,
        pairs=_pairs_within(data, chosen, drawn),
    )


def _pad_labels(
    data: TokenisedExamples, chosen: list[int], drawn: list[list[int]], width: int
) -> Tensor:
    labels = torch.zeros(len(chosen), width)
    for b, (i, places) in enumerate(zip(chosen, drawn, strict=True)):
        labels[b, : len(places)] = torch.from_numpy(data.labels[i][places])
    return labels


def _pairs_within(
    data: TokenisedExamples, chosen: list[int], drawn: list[list[int]]
) -> Pairs | None:
    """The pairs whose passages are both drawn, by their places in the batch."""
    found: list[tuple[int, int, int, float]] = []
    for b, (i, places) in enumerate(zip(chosen, drawn, strict=True)):
        at = {place: k for k, place in enumerate(places)}
        found += [
            (b, at[one.first], at[one.second], one.log_first)
            for one in data.pairs[i]
            if one.first in at and one.second in at
        ]
    if not found:
        return None
    rows = torch.tensor([one[:3] for one in found])  # (P, 3)
    logs = torch.tensor([one[3] for one in found], dtype=torch.float32)
    return Pairs(rows[:, 0], rows[:, 1], rows[:, 2], logs)


def _pad_tokens(
    data: TokenisedExamples, chosen: list[int], drawn: list[list[int]], width: int
) -> tuple[Tensor, Tensor]:
    own = [data.token_teacher[i][places] for i, places in zip(chosen, drawn, strict=True)]
    values = torch.zeros(len(own), width, max(one.shape[1] for one in own))
    mask = torch.zeros(values.shape, dtype=torch.bool)
    for b, one in enumerate(own):
        values[b, : one.shape[0], : one.shape[1]] = torch.from_numpy(one)
        mask[b, : one.shape[0], : one.shape[1]] = True
    return values, mask
