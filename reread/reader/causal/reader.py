"""A causal language model as a Fusion-in-Decoder reader: Llama, Qwen, SmolLM, Gemma, Phi and kin.

Every passage is a block behind a shared prefix and is read alone, whatever is asked; question and
answer attend to all blocks. G is the scaled q.k of the token that predicts the answer's first token
with a block's keys. Knows nothing of retrieval, the log or the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import PreTrainedTokenizerBase

from reread.errors import BadRequest
from reread.reader.aggregations import AttentionEvidence, aggregate
from reread.reader.causal.attention import BlockTap
from reread.reader.causal.copying import fold
from reread.reader.causal.decoding import Draft, Speller, Vocabulary
from reread.reader.causal.evidence import Gathering, weigh_heads
from reread.reader.causal.pieces import token_bytes
from reread.reader.causal.states import StateCache, States
from reread.reader.causal.strings import Block, PromptStyle, cut_blocks, prefix_ids, prompt_ids
from reread.reader.confidence import (
    REFUSED,
    ReaderNotes,
    check_refuse_below,
    judge,
    signals_of,
)
from reread.reader.marking import mark_answer
from reread.reader.unread import CUT_QUESTION, cut_passages
from reread.reading import Reading, ReadRequest, Span, check_aggregation


class Session(Protocol):
    """One question over some states."""

    def feed(
        self, ids: Sequence[int], position: int, tap: BlockTap | None = None
    ) -> torch.Tensor: ...

    def value_norms(self) -> torch.Tensor: ...


class Engine(Protocol):
    """What runs the model: transformers' own forward pass, or a faster one that equals it."""

    @property
    def path(self) -> str: ...

    def prefix(self, prefix: Sequence[int]) -> States: ...

    def encode(self, prefix: Sequence[int], blocks: Sequence[Sequence[int]]) -> list[States]: ...

    def open(self, parts: Sequence[States], room: int) -> Session: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read and said; `cache_bytes` of block states are kept for the next question."""

    block_tokens: int = 250
    prompt_tokens: int = 700
    answer_tokens: int = 160  # a procedure of several steps; one token each digit
    cache_bytes: int = 1 << 30
    refuse_below: float | None = None  # None: the calibration's own

    def __post_init__(self) -> None:
        check_refuse_below(self.refuse_below)
        if self.cache_bytes < 0:
            raise BadRequest(f"The reader's cache has {self.cache_bytes} bytes; give 0 or more.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A question that has been fed: its logits, and all it takes to go on."""

    blocks: list[Block]
    session: Session
    logits: torch.Tensor  # (V,)
    position: int  # of the answer's first token
    gathering: Gathering
    warnings: tuple[str, ...]


class CausalReader:
    """A loaded engine and its tokenizer; one thread at a time may call it."""

    def __init__(
        self,
        engine: Engine,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        about: dict[str, Any],
        ends: frozenset[int],
        style: PromptStyle,
        notes: ReaderNotes = ReaderNotes(),
        limits: Limits = Limits(),
        folder: Path | None = None,
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.name = name
        self.folder = folder
        self.notes = notes
        self.limits = limits
        self.style = style
        self.max_segment_tokens = limits.block_tokens
        self._about = about
        self._vocabulary = Vocabulary(token_bytes(tokenizer), ends)
        self._prefix = prefix_ids(style, tokenizer)
        self._prefix_states: States | None = None
        self.cache = StateCache(limits.cache_bytes)

    @torch.inference_mode()
    def read(
        self, requests: Sequence[ReadRequest], aggregation: str = "mean", tokens: bool = False
    ) -> list[Reading]:
        """Answer a batch of requests; results in order, each as if read alone."""
        check_aggregation(aggregation)
        return [self._answer(request, aggregation, tokens) for request in requests]

    @torch.inference_mode()
    def stream(
        self, request: ReadRequest, aggregation: str = "mean", tokens: bool = False
    ) -> Iterator[str | Reading]:
        """Yield pieces of the answer as they are decoded, the Reading last.

        Nothing is shown of an answer that will be refused: refusal is decided on the whole.
        """
        check_aggregation(aggregation)
        yield from self._spell(request, aggregation, tokens)

    def info(self) -> dict[str, Any]:
        """What `/info` tells about the reader."""
        calibration = self.notes.calibration
        return {
            "name": self.name,
            "folder": str(self.folder) if self.folder else None,
            **self._about,
            "num_beams": 1,
            "max_segment_tokens": self.limits.block_tokens,
            "max_answer_tokens": self.limits.answer_tokens,
            "fast_path": self.engine.path,
            "prompt": self.style.name,
            "scored_by": "all heads" if self.notes.heads is None else "heads chosen in training",
            "answers": "copied" if self._copies() else "free",
            "calibrated_for": calibration.reader if calibration else None,
            "refuse_below": self._refuse_below(),
            "cache": {
                "limit_bytes": self.cache.limit_bytes,
                "held_bytes": self.cache.held_bytes,
                "hits": self.cache.hits,
                "misses": self.cache.misses,
            },
        }

    def prepare(self, request: ReadRequest) -> Opened:
        """Read the passages (or find them read) and the question; BadRequest without passages."""
        if not request.passages:
            raise BadRequest(
                f"The question {request.question[:60]!r} has 0 passages; give at least 1."
            )
        blocks = cut_blocks(request.passages, self.tokenizer, self.limits.block_tokens)
        asked, cut = prompt_ids(
            request.question, self.style, self.tokenizer, self.limits.prompt_tokens
        )
        states = self.cache.fetch([block.ids for block in blocks], self._encode)
        if self._prefix_states is None:
            self._prefix_states = self.engine.prefix(self._prefix)
        room = len(asked) + self.limits.answer_tokens + 1
        session = self.engine.open([self._prefix_states, *states], room)
        position = len(self._prefix) + max(len(block.ids) for block in blocks)
        tap = BlockTap()
        logits = session.feed(asked, position, tap)
        gathering = Gathering(len(self._prefix), [len(block.ids) for block in blocks])
        gathering.add(tap)
        warnings = (CUT_QUESTION,) if cut else ()
        return Opened(
            blocks, session, logits, position + len(asked), gathering,
            (*warnings, *cut_passages(request.passages, [block.seen for block in blocks])),
        )  # fmt: skip

    def _answer(self, request: ReadRequest, aggregation: str, tokens: bool) -> Reading:
        *_, reading = self._spell(request, aggregation, tokens)
        assert isinstance(reading, Reading)
        return reading

    def _spell(
        self, request: ReadRequest, aggregation: str, tokens: bool
    ) -> Iterator[str | Reading]:
        opened = self.prepare(request)
        texts = [
            passage.text[: block.seen]
            for passage, block in zip(request.passages, opened.blocks, strict=True)
        ]
        sources = [fold(text) for text in texts] if self._copies() else None
        speller = Speller(self._vocabulary, request.question, sources)
        shown, logits, position = "", opened.logits, opened.position
        hidden = self._refuses(speller, opened)
        for _ in range(self.limits.answer_tokens):
            token = speller.choose(logits)
            if token is None:
                break
            text = self._text(speller.draft, request)
            if text.startswith(shown) and len(text) > len(shown) and not hidden:
                yield text[len(shown) :]
                shown = text
            tap = BlockTap()
            logits = opened.session.feed([token], position, tap)
            opened.gathering.add(tap)
            position += 1
        yield self._reading(request, opened, speller.draft, aggregation, tokens)

    def _reading(
        self, request: ReadRequest, opened: Opened, draft: Draft, aggregation: str, tokens: bool
    ) -> Reading:
        evidence = opened.gathering.evidence(opened.session.value_norms())
        by_name = aggregate(evidence)
        if self.notes.heads is not None:
            by_name["mean"] = weigh_heads(evidence, self.notes.heads)
        scores = by_name[aggregation]
        signals = signals_of(draft.nothing, draft.chances, by_name["mean"])
        said = self._text(draft, request)
        verdict = judge(self.notes.calibration, self.limits.refuse_below, signals, draft.chances)
        found = verdict.found and bool(said)
        return Reading(
            said if found else "",
            verdict.confidence if found else min(verdict.confidence, REFUSED),
            scores,
            self._token_scores(evidence, opened.blocks) if tokens else None,
            by_name,
            found,
            self._spans(request, draft, said, scores) if found else (),
            opened.warnings,
            signals,
            said,
        )

    def _spans(
        self, request: ReadRequest, draft: Draft, answer: str, scores: Sequence[float]
    ) -> tuple[Span, ...]:
        """Where the answer stands, the passage read most first; a verdict stands nowhere."""
        if draft.verdict is not None:
            return ()
        if draft.spans:
            places = sorted(draft.spans, key=lambda place: -scores[place.passage])
            return tuple(
                Span(request.passages[one.passage].id, one.start, one.end) for one in places
            )
        return mark_answer(answer, request.passages, scores)

    def _text(self, draft: Draft, request: ReadRequest) -> str:
        if draft.verdict is not None:
            return draft.verdict
        if draft.spans:
            place = draft.spans[0]
            return request.passages[place.passage].text[place.start : place.end]
        return str(self.tokenizer.decode(draft.ids, skip_special_tokens=True)).strip()

    def _refuses(self, speller: Speller, opened: Opened) -> bool:
        """Whether an answer is likely to be refused: then it is not streamed before it is whole."""
        chances = torch.softmax(opened.logits, dim=-1)
        return float(chances[sorted(self._vocabulary.ends)].sum()) > 0.2

    def _copies(self) -> bool:
        return self.notes.copied and self._vocabulary.pieces is not None

    def _refuse_below(self) -> float | None:
        if self.limits.refuse_below is not None:
            return self.limits.refuse_below
        return self.notes.calibration.refuse_below if self.notes.calibration else None

    def _encode(self, blocks: Sequence[tuple[int, ...]]) -> list[States]:
        return self.engine.encode(self._prefix, blocks)

    def _token_scores(
        self, evidence: AttentionEvidence, blocks: Sequence[Block]
    ) -> tuple[tuple[tuple[str, float], ...], ...]:
        """(text, score) pairs per passage: mean over layers and heads at the first step."""
        per_token = evidence.scores.mean(dim=(0, 1))  # (K, L)
        return tuple(
            tuple(
                (block.text[start:end], score)
                for (start, end), score in zip(
                    block.offsets, per_token[k, : len(block.ids)].tolist(), strict=True
                )
            )
            for k, block in enumerate(blocks)
        )
