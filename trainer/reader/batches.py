"""Tensors for training a reader: segments, targets, and where the answer's tokens stand.

Knows a tokenizer and the strings of Fusion-in-Decoder; knows no model and no optimizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from reread.reader.segments import segment_text
from trainer.reader.examples import ReadingTask

IGNORED = -100  # what cross_entropy skips


@dataclass(frozen=True, slots=True)
class ReaderBatch:
    """B tasks of K passages; every segment padded to L tokens, targets to T."""

    input_ids: torch.Tensor  # (B, K, L)
    attention_mask: torch.Tensor  # (B, K, L)
    decoder_ids: torch.Tensor  # (B, T)
    labels: torch.Tensor  # (B, T), IGNORED after the end
    pointers: torch.Tensor  # (B, T, K * L) bool: source places of the token each step predicts
    positives: torch.Tensor  # (B, K) bool: passages known to answer
    present: torch.Tensor  # (B, K) bool: False for padding passages


def collate(
    tasks: Sequence[ReadingTask],
    tokenizer: PreTrainedTokenizerBase,
    *,
    decoder_start: int,
    max_segment_tokens: int = 250,
    max_answer_tokens: int = 24,
) -> ReaderBatch:
    """Tokenise tasks of possibly different passage counts into one padded batch."""
    width = max(len(task.passages) for task in tasks)
    texts = [segment_text(t.question, p) for t in tasks for p in t.passages]
    encoded = tokenizer(texts, truncation=True, max_length=max_segment_tokens)["input_ids"]
    length = max(len(ids) for ids in encoded)
    pad = tokenizer.pad_token_id
    input_ids = torch.full((len(tasks), width, length), pad)
    mask = torch.zeros((len(tasks), width, length), dtype=torch.long)
    present = torch.zeros((len(tasks), width), dtype=torch.bool)
    positives = torch.zeros((len(tasks), width), dtype=torch.bool)
    row = 0
    for b, task in enumerate(tasks):
        for k in range(len(task.passages)):
            ids = torch.tensor(encoded[row])
            input_ids[b, k, : len(ids)] = ids
            mask[b, k, : len(ids)] = 1
            row += 1
        present[b, : len(task.passages)] = True
        positives[b, list(task.positive)] = True
    targets = [target_ids(task.answer, tokenizer, max_answer_tokens) for task in tasks]
    decoder_ids, labels = shift_right(targets, decoder_start, pad)
    pointers = _pointers(tasks, targets, input_ids, tokenizer)
    return ReaderBatch(input_ids, mask, decoder_ids, labels, pointers, positives, present)


def target_ids(answer: str, tokenizer: PreTrainedTokenizerBase, limit: int) -> list[int]:
    """An answer's tokens, at most `limit` with the end token."""
    ids = tokenizer(answer, add_special_tokens=False)["input_ids"][: limit - 1]
    end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    return [*ids, end]


def shift_right(
    targets: list[list[int]], start: int, pad: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """(decoder inputs, labels), (B, T) each: what the decoder has seen, and what it is to say."""
    steps = max(len(t) for t in targets)
    decoder_ids = torch.full((len(targets), steps), pad)
    labels = torch.full((len(targets), steps), IGNORED)
    for b, target in enumerate(targets):
        decoder_ids[b, : len(target)] = torch.tensor([start, *target[:-1]])
        labels[b, : len(target)] = torch.tensor(target)
    return decoder_ids, labels


def _pointers(
    tasks: Sequence[ReadingTask],
    targets: list[list[int]],
    input_ids: torch.Tensor,
    tokenizer: PreTrainedTokenizerBase,
) -> torch.Tensor:
    count, width, length = input_ids.shape
    pointers = torch.zeros((count, max(map(len, targets)), width * length), dtype=torch.bool)
    for b, task in enumerate(tasks):
        skip = len(tokenizer(f"question: {task.question}", add_special_tokens=False)["input_ids"])
        answer = targets[b][:-1]
        for k in task.positive:
            segment = input_ids[b, k].tolist()
            for start in find_runs(segment, answer, first=skip + 1):
                for t in range(len(answer)):
                    pointers[b, t, k * length + start + t] = True
    return pointers


def find_runs(haystack: Sequence[int], needle: Sequence[int], *, first: int = 0) -> list[int]:
    """Every start of `needle` in `haystack` from `first` on.

    >>> find_runs([1, 2, 1, 2, 3], [1, 2])
    [0, 2]
    """
    n = len(needle)
    if not n:
        return []
    return [
        i
        for i in range(first, len(haystack) - n + 1)
        if haystack[i] == needle[0] and list(haystack[i : i + n]) == list(needle)
    ]
