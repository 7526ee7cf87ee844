"""A head that points: an encoder-decoder's answer as the characters of a passage, or none at all.

Every token of every passage read may begin or end the answer, and three more places say "nothing",
"yes" and "no"; all of a question's passages share one distribution, so that what one holds is
weighed against what the others do (shared normalisation, Clark and Gardner 2018, section 2.2.2).
Knows encoder states and segments; knows no encoder, no decoder and no calibration.
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
CROSSING = 2.7  # times as likely; e was best on 252 made questions (docs/decisions/reader.md)
NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Pointed:
    """One answer. `start` and `end` are characters of passage `place`; None for yes, no, nothing.

    `text` is the best there is, also where `nothing` is likelier: the caller decides on refusing.
    """

    text: str
    nothing: float  # probability that there is no answer
    chances: tuple[float, float]  # of its beginning and of its end
    place: int | None = None
    start: int = 0
    end: int = 0


class SpanHead(nn.Module):
    """`ends` (d -> 2) for each token, `verdicts` (d -> 3) from each segment's first token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ends = nn.Linear(width, 2)
        self.verdicts = nn.Linear(width, len(VERDICTS))

    def logits(
        self, states: torch.Tensor, lengths: Sequence[int], body: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of one question: `states` (S, d) of its segments side by side, `lengths` of each, `body`
        (S,) true on passages' own tokens. Returns beginnings and ends, (S + 3,) each, float32.

        A verdict's score is the mean over passages for "nothing" (all must agree), the log of the
        mean likelihood for "yes" and "no" (one passage may know).
        """
        own = self.ends(states).float().masked_fill(~body[:, None], NEVER)  # (S, 2)
        firsts = torch.tensor([0, *lengths[:-1]], device=states.device).cumsum(0)
        said = self.verdicts(states[firsts]).float()  # (K, 3)
        count = torch.tensor(float(len(lengths)), device=states.device)
        known = torch.logsumexp(said[:, 1:], dim=0) - count.log()
        slots = torch.cat([said[:, :1].mean(dim=0), known])  # (3,)
        return torch.cat([own[:, 0], slots]), torch.cat([own[:, 1], slots])

    def save(self, folder: Path) -> None:
        """Beside the model's own weights, in bfloat16."""
        save_file(
            {name: one.detach().to(torch.bfloat16).contiguous().cpu()
             for name, one in self.state_dict().items()},
            folder / POINTER_FILE,
        )  # fmt: skip


def load_pointer(
    folder: Path | None, width: int, place: torch.device, dtype: torch.dtype
) -> SpanHead | None:
    """The head in a reader's folder; None where it has none, UnknownModel where it is another's."""
    path = folder / POINTER_FILE if folder is not None else None
    if path is None or not path.is_file():
        return None
    head = SpanHead(width)
    try:
        head.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise UnknownModel(
            f"{path} is no pointing head for states of width {width} "
            f"({str(error).splitlines()[-1].strip()}); remove it to decode answers, or train it "
            "with `reread train-reader --pointing`."
        ) from error
    return head.to(place, dtype).eval()


def require_offsets(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """UnknownModel where a tokenizer does not say which characters its tokens are."""
    if not getattr(tokenizer, "is_fast", False):
        raise UnknownModel(
            f"The tokenizer of {name!r} does not tell which characters its tokens are, so nothing "
            "can be pointed at; use a checkpoint with a fast tokenizer."
        )


def body_mask(segments: Sequence[Segment]) -> torch.Tensor:
    """(S,) true on tokens of a passage's own text, segments side by side."""
    return torch.tensor([
        right > left >= segment.body for segment in segments for left, right in segment.offsets
    ])  # fmt: skip


def point(
    head: SpanHead, states: torch.Tensor, segments: Sequence[Segment], longest: int = LONGEST
) -> Pointed:
    """The likeliest answer; `states` (S or more, d) of the segments side by side."""
    lengths = [len(segment.ids) for segment in segments]
    own = states[: sum(lengths)]
    begins, ends = head.logits(own, lengths, body_mask(segments).to(own.device))
    return choose(begins.cpu(), ends.cpu(), segments, longest)


def choose(
    begins: torch.Tensor, ends: torch.Tensor, segments: Sequence[Segment], longest: int = LONGEST
) -> Pointed:
    """The likeliest answer of one question; both logits (S + 3,)."""
    begin, end = torch.softmax(begins, 0), torch.softmax(ends, 0)
    tokens = len(begin) - len(VERDICTS)
    nothing = float((begin[tokens] * end[tokens]).sqrt())
    place, first, last, chance = 0, 0, 0, -1.0
    at = 0
    for k, segment in enumerate(segments):
        size = len(segment.ids)
        b, e, found = best_pair(
            begin[at : at + size], end[at : at + size], longest, lines_of(segment)
        )
        if found > chance:
            place, first, last, chance = k, b, e, found
        at += size
    said = (begin[tokens + YES :] * end[tokens + YES :]).tolist()
    if max(said) > chance:
        verdict = tokens + YES + said.index(max(said))
        chances = (float(begin[verdict]), float(end[verdict]))
        return Pointed(VERDICTS[verdict - tokens], nothing, chances)
    at = sum(len(one.ids) for one in segments[:place])
    segment = segments[place]
    left, right = segment.offsets[first][0], segment.offsets[last][1]
    return Pointed(
        segment.text[left:right], nothing, (float(begin[at + first]), float(end[at + last])),
        place, left - segment.body, right - segment.body,
    )  # fmt: skip


def lines_of(segment: Segment) -> torch.Tensor:
    """(L,) the line of the text that each token stands on."""
    return torch.tensor([segment.text.count("\n", 0, left) for left, _ in segment.offsets])


def best_pair(
    begin: torch.Tensor, end: torch.Tensor, longest: int, lines: torch.Tensor
) -> tuple[int, int, float]:
    """The places i <= j < i + longest with the largest begin[i] * end[j], and that product; an
    answer that goes on in another line must be likelier by CROSSING.

    >>> alike, apart = torch.tensor([0, 0, 0]), torch.tensor([0, 0, 1])
    >>> begin, end = torch.tensor([0.1, 0.7, 0.2]), torch.tensor([0.6, 0.2, 0.3])
    >>> best_pair(begin, end, 2, alike)[:2], best_pair(begin, end, 2, apart)[:2]
    ((1, 2), (1, 1))
    """
    joint = begin[:, None] * end[None, :]
    joint = joint / torch.where(lines[:, None] == lines[None, :], 1.0, CROSSING)
    allowed = torch.ones_like(joint).triu().tril(longest - 1)
    at = int((joint * allowed).argmax())
    i, j = divmod(at, len(end))
    return i, j, float(joint[i, j])
