"""A step's questions through encoder, pointing head and decoder: every loss, as a mean.

Segments of near length share an encoder call; the decoder reads all of a question's states at
once, as Fusion-in-Decoder does. Knows tasks and models; knows no optimizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

from reread.compute.padding import cheapest_edges, pad
from reread.reader.decoding import start_token
from reread.reader.fusion import CrossAttentionTap, decode_step, encode_segments, token_logits
from reread.reader.pointing.pointer import SpanHead, body_mask
from trainer.reader.losses import passage_loss
from trainer.reader.pointing.tasks import PointTask

IGNORED = -100


@dataclass(frozen=True, slots=True)
class PointLosses:
    """`point`: the answer's place; `answer`: the decoder's tokens; `passage`: softmax(G);
    `right_first`, `exact`: shares of questions."""

    point: torch.Tensor
    answer: torch.Tensor
    passage: torch.Tensor
    right_first: float
    exact: float


def losses_of(
    model: PreTrainedModel, head: SpanHead, tasks: Sequence[PointTask], *, decoded: bool = True
) -> PointLosses:
    """All losses of a step's questions; without `decoded` those of the decoder are 0."""
    states = encode(model, [one.ids for task in tasks for one in task.segments])
    point, hits, row = [], 0, 0
    joined = []
    for task in tasks:
        own = torch.cat(states[row : row + len(task.segments)])  # (S, d)
        row += len(task.segments)
        with torch.autocast(own.device.type, enabled=False):
            loss, hit = place_loss(head, own, task)
        point.append(loss)
        hits += hit
        joined.append(own)
    total, exact = torch.stack(point).mean(), hits / len(tasks)
    if not decoded:
        zero = total.new_zeros(())
        return PointLosses(total, zero, zero, 0.0, exact)
    answer, scores = decode(model, joined, tasks)
    owners = torch.tensor([b for b, task in enumerate(tasks) for _ in task.segments])
    right = torch.tensor([k in task.right for task in tasks for k in range(len(task.segments))])
    passage, first = passage_loss(scores, owners, right)
    return PointLosses(total, answer, passage, first, exact)


def place_loss(head: SpanHead, states: torch.Tensor, task: PointTask) -> tuple[torch.Tensor, bool]:
    """-log of the probability of all right places together, a beginning's times its end's given
    it; and whether the likeliest place is right. `states` (S, d)."""
    lengths = [len(one.ids) for one in task.segments]
    body = body_mask(task.segments).to(states.device)
    begin = torch.log_softmax(head.begin_logits(states, lengths, body), 0)
    best = int(begin.argmax())
    if task.begins[0] >= len(states):  # a verdict
        return -begin[task.begins[0]], best == task.begins[0]
    begins = torch.tensor(task.begins, device=states.device)
    ends = torch.tensor(task.ends, device=states.device)
    end = torch.log_softmax(head.end_logits(states, lengths, body, begins), 1)  # (N, S)
    rows = torch.arange(len(begins), device=states.device)
    hit = best in task.begins
    if hit:
        row = task.begins.index(best)
        hit = int(end[row].argmax()) == task.ends[row]
    return -torch.logsumexp(begin[begins] + end[rows, ends], 0), hit


def encode(model: PreTrainedModel, texts: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    """States (L_i, d) of every segment."""
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    edges = cheapest_edges([len(texts[n]) for n in order])
    states: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    place = model.device
    for a, b in zip(edges, edges[1:], strict=False):
        ids, mask = pad([texts[n] for n in order[a:b]], int(model.config.pad_token_id or 0))
        encoded = encode_segments(model, ids.to(place), mask.to(place))
        for n, own in zip(order[a:b], encoded, strict=True):
            states[n] = own[: len(texts[n])]
    return states


def decode(
    model: PreTrainedModel, joined: Sequence[torch.Tensor], tasks: Sequence[PointTask]
) -> tuple[torch.Tensor, torch.Tensor]:
    """The answers' cross-entropy, and G of every passage (N,): mean over tokens, layers, heads at
    the first output token (section 3.2 of arXiv 2012.04584)."""
    width, place = max(map(len, joined)), model.device
    fused = torch.stack([F.pad(one, (0, 0, 0, width - len(one))) for one in joined])
    mask = torch.tensor([[n < len(one) for n in range(width)] for one in joined], device=place)
    longest = max(len(task.target) for task in tasks)
    labels = torch.full((len(tasks), longest), IGNORED)
    inputs = torch.full((len(tasks), longest), start_token(model))
    for b, task in enumerate(tasks):
        labels[b, : len(task.target)] = torch.tensor(task.target)
        inputs[b, 1 : len(task.target)] = torch.tensor(task.target[:-1])
    tap = CrossAttentionTap(model)
    states = decode_step(model, inputs.to(place), fused, mask.long(), tap=tap)
    logits = token_logits(model, states[labels.to(place) != IGNORED])
    answer = F.cross_entropy(logits.float(), labels[labels != IGNORED].to(place))
    first = torch.stack([tap.scores[n][:, :, 0] for n in sorted(tap.scores)]).float()
    per_token = first.mean(dim=(0, 2))  # (B, S) over layers and heads
    scores = []
    for b, task in enumerate(tasks):
        lengths = [len(one.ids) for one in task.segments]
        parts = torch.split(per_token[b, : sum(lengths)], lengths)
        scores += [part.mean() for part in parts]
    return answer, torch.stack(scores)
