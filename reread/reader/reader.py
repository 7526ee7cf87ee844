"""The Fusion-in-Decoder reader: questions with passages in, answers with attention scores out.

Works over stock T5 and BART checkpoints. Knows nothing of retrieval, the log or the service. What
it finds it returns: nothing of one call is left in the model for the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from reread.compute.devices import pick_device, pick_dtype
from reread.errors import UnknownModel
from reread.reader.aggregations import aggregate, aggregation_named
from reread.reader.confidence import judge, read_notes, signals_of
from reread.reader.decoding import (
    Decoded,
    beam_decode,
    first_step,
    generation_rules,
    greedy_steps,
)
from reread.reader.evidence import evidence_of, token_scores
from reread.reader.fusion import install_fusion_attention
from reread.reader.marking import mark_answer
from reread.reader.packed.encoder import PackedEncoder, fits
from reread.reader.pointing.pointed import reading_of
from reread.reader.pointing.pointer import LONGEST, SpanHead, load_pointer, point, require_offsets
from reread.reader.prepared import Prepared, prepare
from reread.reader.segments import MAX_SEGMENT_TOKENS, is_lossy, surface_of
from reread.reader.unaided import nothing_of, unaided_chances
from reread.reading import Reading, ReadRequest

DECODED = 50  # tokens of an answer, where nobody said; pointed ones may be longer
FAMILIES = ("t5", "mt5", "umt5", "bart", "mbart")


class Reader:
    """A loaded model and its tokenizer; one thread at a time may call it."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        folder: Path | None = None,
        max_segment_tokens: int = MAX_SEGMENT_TOKENS,
        max_answer_tokens: int | None = None,
        num_beams: int | None = None,
        refuse_below: float | None = None,
        pointer: SpanHead | None = None,
        dtype_why: str = "as asked",
    ) -> None:
        if model.config.model_type not in FAMILIES:
            raise UnknownModel(
                f"{name} is a {model.config.model_type} model; the reader needs one of the "
                f"families {', '.join(FAMILIES)}."
            )
        install_fusion_attention(model)
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.folder = folder
        self.max_segment_tokens = max_segment_tokens
        self.max_answer_tokens = max_answer_tokens or (LONGEST if pointer else DECODED)
        self.refuse_below = refuse_below
        self.pointer = pointer
        self.dtype_why = dtype_why
        self.packed: PackedEncoder | None = None
        self.notes = read_notes(folder)
        generation: GenerationConfig = model.generation_config
        self.num_beams = num_beams or generation.num_beams or 1
        self._rules = generation_rules(generation, self.max_answer_tokens)
        self._lossy = is_lossy(tokenizer) and bool(getattr(tokenizer, "is_fast", False))

    @classmethod
    def load(
        cls,
        name_or_path: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        **options: Any,
    ) -> Reader:
        """Load a T5 or BART checkpoint by name or path.

        `dtype` auto is float32 on a CPU and bfloat16 on a GPU (`load_reader` weighs bfloat16 on
        CPUs too). Raises UnknownModel when the name
        can neither be found locally nor downloaded.
        """
        place = pick_device(device)
        kind = pick_dtype(dtype, place)
        transformers_logging.disable_progress_bar()
        try:
            tokenizer = AutoTokenizer.from_pretrained(name_or_path)
            model = AutoModelForSeq2SeqLM.from_pretrained(name_or_path, dtype=kind)
        except (OSError, ValueError, KeyError) as error:
            first_line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise UnknownModel(
                f"The reader {name_or_path!r} could not be loaded ({first_line}); set "
                "REREAD_READER to a local folder, or to a Hugging Face name where there is a "
                "network."
            ) from error
        folder = Path(name_or_path)
        own = folder.resolve() if folder.is_dir() else None
        if (pointer := load_pointer(own, model.config.hidden_size, place)) is not None:
            require_offsets(tokenizer, name_or_path)
        return cls(
            model.to(place), tokenizer,
            name=folder.name if own else name_or_path,
            folder=own,
            pointer=pointer,
            **options,
        )  # fmt: skip

    def pack(self) -> Reader:
        """This reader, its encoder's weights packed for this processor where that can be done.

        Only for answering: what the model learns from now on is not seen.
        """
        if fits(self.model):
            self.packed = PackedEncoder(self.model)
        return self

    @torch.inference_mode()
    def read(
        self, requests: Sequence[ReadRequest], aggregation: str = "mean", tokens: bool = False
    ) -> list[Reading]:
        """Answer a batch of requests; results in order, each as if read alone."""
        aggregation_named(aggregation)
        if not requests:
            return []
        prepared = self._prepare(requests)
        if self.pointer is not None:
            return self._point(prepared, aggregation, tokens)
        decoded = self._decode(prepared)
        unaided = self._unaided(prepared, decoded)
        return [
            self._reading(prepared, b, decoded, unaided[b], aggregation, tokens)
            for b in range(len(requests))
        ]

    @torch.inference_mode()
    def stream(
        self, request: ReadRequest, aggregation: str = "mean", tokens: bool = False
    ) -> Iterator[str | Reading]:
        """Yield pieces of the answer as they are decoded (greedily), the Reading last.

        An answer that is pointed at is one piece.
        """
        aggregation_named(aggregation)
        prepared = self._prepare([request])
        if self.pointer is not None:
            (reading,) = self._point(prepared, aggregation, tokens)
            yield from filter(None, [reading.answer])
            yield reading
            return
        shown = ""
        decoded: Decoded | None = None
        for decoded in greedy_steps(
            self.model, prepared.fused, prepared.mask, self._rules, self.max_answer_tokens,
            all_steps=True,
        ):  # fmt: skip
            text = self.tokenizer.decode(decoded.ids[0], skip_special_tokens=True)
            if text.startswith(shown) and len(text) > len(shown):
                yield text[len(shown) :]
                shown = text
        assert decoded is not None
        unaided = self._unaided(prepared, decoded)
        yield self._reading(prepared, 0, decoded, unaided[0], aggregation, tokens)

    def info(self) -> dict[str, Any]:
        """What `/info` tells about the reader."""
        encoder = self.packed.path if self.packed else "torch sdpa encoder"
        return {
            "name": self.name,
            "folder": str(self.folder) if self.folder else None,
            "family": self.model.config.model_type,
            "parameters": self.model.num_parameters(),
            "device": str(self.model.device),
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "dtype_why": self.dtype_why,
            "num_beams": self.num_beams,
            "max_segment_tokens": self.max_segment_tokens,
            "max_answer_tokens": self.max_answer_tokens,
            "answers": "decoded" if self.pointer is None else "pointed",
            "fast_path": f"{encoder}, explicit cross-attention decoder",
        }

    def _prepare(self, requests: Sequence[ReadRequest]) -> Prepared:
        return prepare(self.model, self.tokenizer, requests, self.max_segment_tokens, self.packed)

    def _decode(self, prepared: Prepared) -> Decoded:
        if self.num_beams > 1:
            return beam_decode(
                self.model, prepared.fused, prepared.mask, self.num_beams, self.max_answer_tokens
            )
        steps = greedy_steps(
            self.model, prepared.fused, prepared.mask, self._rules, self.max_answer_tokens,
            all_steps=True,
        )  # fmt: skip
        return deque(steps, maxlen=1).pop()

    def _unaided(self, prepared: Prepared, decoded: Decoded) -> list[list[float]]:
        questions = [request.question for request in prepared.requests]
        return unaided_chances(
            self.model, self.tokenizer, questions, decoded.ids, self.max_segment_tokens
        )

    def _point(self, prepared: Prepared, aggregation: str, tokens: bool) -> list[Reading]:
        """Answers by the pointing head; the decoder takes its first step alone, for attention."""
        assert self.pointer is not None
        first = first_step(self.model, prepared.fused, prepared.mask)
        readings = []
        for b, (segments, request) in enumerate(
            zip(prepared.segments, prepared.requests, strict=True)
        ):
            pointed = point(self.pointer, prepared.fused[b], segments, self.max_answer_tokens)
            evidence = evidence_of([first], b, segments, 1)
            reading = reading_of(
                pointed,
                request.passages,
                aggregate(evidence),
                aggregation,
                self.notes,
                self.refuse_below,
            )
            scored = token_scores(evidence, segments, self.tokenizer) if tokens else None
            readings.append(replace(reading, tokens=scored, warnings=prepared.warnings(b)))
        return readings

    def _reading(
        self,
        prepared: Prepared,
        b: int,
        decoded: Decoded,
        unaided: Sequence[float],
        aggregation: str,
        tokens: bool,
    ) -> Reading:
        segments = prepared.segments[b]
        evidence = evidence_of(decoded.taps, b, segments, decoded.lengths[b])
        by_name = aggregate(evidence)
        scores = by_name[aggregation]
        ids = decoded.ids[b]
        answer = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        if self._lossy:
            plain = [i for i in ids if i not in self.tokenizer.all_special_ids]
            order = sorted(range(len(scores)), key=lambda k: -scores[k])
            answer = surface_of(plain, segments, order) or answer
        chances = decoded.probabilities[b]
        signals = signals_of(nothing_of(chances, unaided), chances, by_name["mean"])
        verdict = judge(self.notes.calibration, self.refuse_below, signals, chances)
        found = verdict.found and bool(answer)
        return Reading(
            answer if found else "",
            verdict.confidence,
            scores,
            token_scores(evidence, segments, self.tokenizer) if tokens else None,
            by_name,
            found=found or (verdict.found and self.notes.calibration is None),
            spans=mark_answer(answer, prepared.requests[b].passages, scores) if found else (),
            warnings=prepared.warnings(b),
            signals=signals,
            draft=answer,
        )
