"""A head that points: an encoder-decoder's answer as the characters of a passage, or none at all.

Every token of every passage read may begin the answer, and three more places say "nothing", "yes"
and "no"; all of a question's passages share one distribution, so that what one holds is weighed
against what the others do (shared normalisation, Clark and Gardner 2018, section 2.2.2). Where it
ends is told given where it begins, so that the two belong together. Knows encoder states and
segments; knows no encoder, no decoder and no calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedTokenizerBase

from reread.errors import UnknownModel
from reread.reader.segments import Segment

POINTER_FILE = "pointer.safetensors"
NOTHING, YES, NO = 0, 1, 2  # places behind the tokens
VERDICTS = ("", "yes", "no")
LONGEST = 200  # tokens of an answer: a procedure of several steps
LINK = 128  # width of what a beginning and an end tell each other
TRIED = 16  # the likeliest beginnings, whose ends are looked at
ENDS = 4  # the likeliest ends of each
NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Stands:
    """Characters of passage `place`."""

    text: str
    place: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pointed:
    """One answer. `start` and `end` are characters of passage `place`; None for yes, no, nothing.

    `text` is the best there is, also where `nothing` is likelier: the caller decides on refusing.
    """

    text: str
    nothing: float  # probability that there is no answer
    chances: tuple[float, ...]  # of beginning so, and of its end given that; of a verdict alone
    place: int | None = None
    start: int = 0
    end: int = 0
    rival: float = 0.0  # how likely the likeliest other answer is, over this one


class SpanHead(nn.Module):
    """Float32: logits of 12 tell little in bfloat16's eight bits.

    `begins` (d -> 1) for each token, `verdicts` (d -> 3) from each segment's first token, and
    ends by a biaffine form of two tokens' states (Dozat and Manning 2017, section 2.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.begins = nn.Linear(width, 1)
        self.ends = nn.Linear(width, 1)
        self.leaving = nn.Linear(width, LINK, bias=False)
        self.arriving = nn.Linear(width, LINK, bias=False)
        self.verdicts = nn.Linear(width, len(VERDICTS))

    def begin_logits(
        self, states: torch.Tensor, lengths: Sequence[int], body: torch.Tensor
    ) -> torch.Tensor:
        """Of one question: `states` (S, d) of its segments side by side, `lengths` of each, `body`
        (S,) true on passages' own tokens. Returns (S + 3,), float32.

        A verdict's score is the mean over passages for "nothing" (all must agree), the log of the
        mean likelihood for "yes" and "no" (one passage may know).
        """
        states = states.float()
        own = self.begins(states)[:, 0].masked_fill(~body, NEVER)  # (S,)
        firsts = torch.tensor([0, *lengths[:-1]], device=states.device).cumsum(0)
        said = self.verdicts(states[firsts])  # (K, 3)
        count = torch.tensor(float(len(lengths)), device=states.device)
        known = torch.logsumexp(said[:, 1:], dim=0) - count.log()
        return torch.cat([own, said[:, :1].mean(dim=0), known])

    def end_logits(
        self,
        states: torch.Tensor,
        lengths: Sequence[int],
        body: torch.Tensor,
        begins: torch.Tensor,
    ) -> torch.Tensor:
        """(N, S), float32: where answers end that begin at `begins` (N,): in the same segment, not
        before."""
        states = states.float()
        linked = self.leaving(states[begins]) @ self.arriving(states).T * LINK**-0.5  # (N, S)
        logits = linked + self.ends(states)[:, 0]
        place = torch.arange(len(states), device=states.device)
        owner = torch.repeat_interleave(torch.tensor(lengths, device=states.device))
        together = owner[begins][:, None] == owner[None, :]
        behind = place[None, :] >= begins[:, None]
        allowed: torch.Tensor = together & behind & body
        return torch.where(allowed, logits, NEVER)

    def save(self, folder: Path) -> None:
        """Beside the model's own weights, in bfloat16."""
        save_file(
            {name: one.detach().to(torch.bfloat16).contiguous().cpu()
             for name, one in self.state_dict().items()},
            folder / POINTER_FILE,
        )  # fmt: skip


def load_pointer(folder: Path | None, width: int, place: torch.device) -> SpanHead | None:
    """The head in a reader's folder, float32 whatever the reader is; None where it has none,
    UnknownModel where it is another's."""
    path = folder / POINTER_FILE if folder is not None else None
    if path is None or not path.is_file():
        return None
    head = SpanHead(width)
    try:
        head.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise UnknownModel(
            f"{path} is no pointing head for states of width {width} "
            f"({str(error).splitlines()[-1].strip()}); remove it to decode answers, and then "
            "teach the reader anew with `reread train-reader --pointing` to point at them."
        ) from error
    return head.to(place).eval()


def require_offsets(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """UnknownModel where a tokenizer does not say which characters its tokens are."""
    if not getattr(tokenizer, "is_fast", False):
        raise UnknownModel(
            f"The tokenizer of {name!r} does not tell which characters its tokens are, so nothing "
            "can be pointed at; use a checkpoint with a fast tokenizer."
        )


def body_mask(segments: Sequence[Segment]) -> torch.Tensor:
    """(S,) true on tokens of a passage's own text, segments side by side; an answer neither
    begins nor ends with a line's end."""
    return torch.tensor([
        right > left >= segment.body and not segment.text[left:right].isspace()
        for segment in segments for left, right in segment.offsets
    ])  # fmt: skip


def point(
    head: SpanHead, states: torch.Tensor, segments: Sequence[Segment], longest: int = LONGEST
) -> Pointed:
    """The likeliest answer of up to `longest` tokens; `states` (S or more, d) of the segments side
    by side.

    A place's probability is p(begin) p(end | begin). An answer that stands in several places, or
    passages, is as likely as all of them together, which is what the head is trained to raise
    (Clark and Gardner 2018, section 2.2.2), and is shown where it is likeliest. Places beyond the
    TRIED likeliest beginnings and the ENDS likeliest ends of each are not tried.
    """
    lengths = [len(segment.ids) for segment in segments]
    tokens = sum(lengths)
    own, body = states[:tokens], body_mask(segments).to(states.device)
    begin = torch.softmax(head.begin_logits(own, lengths, body), 0)
    nothing, yes, no = begin[tokens:].tolist()
    places = begin[:tokens].topk(min(TRIED, tokens)).indices
    ends = torch.softmax(head.end_logits(own, lengths, body, places), 1)  # (N, S)
    near = torch.arange(tokens, device=own.device)[None, :] < places[:, None] + longest
    likely = (ends * near).topk(min(ENDS, tokens), dim=1)  # (N, E)
    joint = begin[places][:, None] * likely.values
    tried = [
        (float(joint[row, column]), float(likely.values[row, column]),
         stands_at(int(places[row]), int(likely.indices[row, column]), segments))
        for row in range(len(joint)) for column in range(joint.shape[1])
        if float(joint[row, column]) > 0.0
    ]  # fmt: skip
    return choose(tried, nothing, yes, no)


def choose(
    tried: Sequence[tuple[float, float, Stands]], nothing: float, yes: float, no: float
) -> Pointed:
    """The likeliest of all texts and both verdicts; `tried`: a place's chance, its end's given its
    beginning, and what stands there."""
    totals: dict[str, float] = {}
    shown: dict[str, tuple[float, Stands]] = {}
    for chance, end, where in sorted(tried, key=lambda one: -one[0]):
        name = where.text.casefold()
        totals[name] = totals.get(name, 0.0) + chance
        shown.setdefault(name, (end, where))  # the likeliest place comes first
    verdict, sure = ("yes", yes) if yes >= no else ("no", no)
    best = max(totals, key=totals.__getitem__, default="")
    total = totals.pop(best, 0.0)
    if sure > total or best not in shown:  # of passages without a word nothing stands anywhere
        other = max(min(yes, no), total)
        return Pointed(verdict, nothing, (sure,), rival=other / sure if sure else 1.0)
    end, where = shown[best]
    rival = max(sure, *totals.values()) / total if totals else sure / total
    chances = (min(1.0, total / end), end)
    return Pointed(where.text, nothing, chances, where.place, where.start, where.end, rival)


def stands_at(first: int, last: int, segments: Sequence[Segment]) -> Stands:
    """What stands between two of the tokens of segments side by side."""
    place = 0
    while first >= len(segments[place].ids):
        first, last = first - len(segments[place].ids), last - len(segments[place].ids)
        place += 1
    segment = segments[place]
    left, right = segment.offsets[first][0], segment.offsets[last][1]
    return Stands(segment.text[left:right], place, left - segment.body, right - segment.body)
