"""Decoding an answer from fused passages: greedy with the scores of each step, or beams.

Knows token ids, probabilities and the generation rules of a checkpoint; knows no text. Scores of
the start token, where the passages' cross-attention is defined (section 3.2 of arXiv 2012.04584),
are the same for greedy and beam search; those of later tokens are of the answer that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from transformers import (
    DynamicCache,
    EncoderDecoderCache,
    ForcedBOSTokenLogitsProcessor,
    ForcedEOSTokenLogitsProcessor,
    GenerationConfig,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    PreTrainedModel,
    RepetitionPenaltyLogitsProcessor,
)
from transformers.modeling_outputs import BaseModelOutput

from reread.reader.fusion import CrossAttentionTap, decode_step, token_logits


@dataclass(frozen=True, slots=True)
class Decoded:
    """Answers so far, without the start token; lists run parallel to the batch."""

    ids: list[list[int]]
    probabilities: list[list[float]]  # of each id, under the model itself
    lengths: list[int]  # decoding steps each answer took
    taps: list[CrossAttentionTap]  # one per step; only the first unless all steps were asked for

    def confidence(self, b: int) -> float:
        """Mean token probability of answer b, 0..1."""
        values = self.probabilities[b]
        return sum(values) / len(values) if values else 0.0


def generation_rules(config: GenerationConfig, max_answer_tokens: int) -> LogitsProcessorList:
    """The checkpoint's own rules that bear on greedy search."""
    rules = LogitsProcessorList()
    if config.repetition_penalty and config.repetition_penalty != 1.0:
        rules.append(RepetitionPenaltyLogitsProcessor(config.repetition_penalty))
    if config.no_repeat_ngram_size:
        rules.append(NoRepeatNGramLogitsProcessor(config.no_repeat_ngram_size))
    if config.min_length and config.eos_token_id is not None:
        rules.append(MinLengthLogitsProcessor(config.min_length, config.eos_token_id))
    if config.forced_bos_token_id is not None:
        rules.append(ForcedBOSTokenLogitsProcessor(config.forced_bos_token_id))
    if config.forced_eos_token_id is not None:
        rules.append(
            ForcedEOSTokenLogitsProcessor(max_answer_tokens + 1, config.forced_eos_token_id)
        )
    return rules


def greedy_steps(
    model: PreTrainedModel,
    fused: torch.Tensor,  # (B, S, d)
    mask: torch.Tensor,  # (B, S)
    rules: LogitsProcessorList,
    max_tokens: int,
    *,
    all_steps: bool = False,
) -> Iterator[Decoded]:
    """Decode greedily, yielding the answers after every step until all have ended."""
    batch = fused.shape[0]
    ends = end_tokens(model)
    tokens = torch.full((batch, 1), start_token(model), device=fused.device)
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    decoded = Decoded([[] for _ in range(batch)], [[] for _ in range(batch)], [0] * batch, [])
    open_rows = set(range(batch))
    for step in range(max_tokens):
        first = step == 0
        tap = CrossAttentionTap(model, value_norms=first) if all_steps or first else None
        states = decode_step(model, tokens[:, -1:], fused, mask, cache=cache, tap=tap)
        logits = token_logits(model, states[:, -1]).float()  # (B, V)
        if tap is not None:
            decoded.taps.append(tap)
        chosen = rules(tokens, logits.clone()).argmax(dim=-1)  # (B,)
        chances = torch.softmax(logits, dim=-1).gather(1, chosen[:, None])[:, 0].tolist()
        for b in sorted(open_rows):
            token = int(chosen[b])
            decoded.ids[b].append(token)
            decoded.probabilities[b].append(chances[b])
            decoded.lengths[b] += 1
            if token in ends:
                open_rows.discard(b)
        tokens = torch.cat([tokens, chosen[:, None]], dim=1)
        yield decoded
        if not open_rows:
            return


def first_step(
    model: PreTrainedModel,
    fused: torch.Tensor,  # (B, S, d)
    mask: torch.Tensor,  # (B, S)
) -> CrossAttentionTap:
    """The cross-attention of the start token, for answers that are not decoded."""
    tokens = torch.full((fused.shape[0], 1), start_token(model), device=fused.device)
    tap = CrossAttentionTap(model, value_norms=True)
    decode_step(model, tokens, fused, mask, tap=tap)
    return tap


def beam_decode(
    model: PreTrainedModel, fused: torch.Tensor, mask: torch.Tensor, beams: int, max_tokens: int
) -> Decoded:
    """Beam search by the library's own `generate`; then the best beams read once more, for the
    scores of every step and the chances of every token."""
    sequences = model.generate(
        encoder_outputs=BaseModelOutput(last_hidden_state=fused),
        attention_mask=mask,
        past_key_values=EncoderDecoderCache(DynamicCache(), DynamicCache()),
        num_beams=beams,
        do_sample=False,
        max_new_tokens=max_tokens,
    )  # (B, 1 + T)
    tap = CrossAttentionTap(model, value_norms=True)
    chances = sequence_probabilities(model, sequences, fused, mask, tap)
    ends = end_tokens(model)
    ids: list[list[int]] = []
    for row in sequences[:, 1:].tolist():
        cut = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
        ids.append(row[:cut])
    probabilities = [chances[b][: len(row)] for b, row in enumerate(ids)]
    return Decoded(ids, probabilities, [len(row) for row in ids], tap.split())


def sequence_probabilities(
    model: PreTrainedModel,
    sequences: torch.Tensor,  # (B, 1 + T), the start token first
    fused: torch.Tensor,  # (B, S, d)
    mask: torch.Tensor,  # (B, S)
    tap: CrossAttentionTap | None = None,
) -> list[list[float]]:
    """The probability of each of the T tokens after those before it."""
    states = decode_step(model, sequences[:, :-1], fused, mask, tap=tap)
    chances = torch.softmax(token_logits(model, states).float(), dim=-1)  # (B, T, V)
    return chances.gather(2, sequences[:, 1:, None])[..., 0].tolist()


def start_token(model: PreTrainedModel) -> int:
    """The decoder's first input."""
    return int(
        model.generation_config.decoder_start_token_id or model.config.decoder_start_token_id
    )


def end_tokens(model: PreTrainedModel) -> frozenset[int]:
    """The token ids that end an answer."""
    end = model.generation_config.eos_token_id
    return frozenset(end if isinstance(end, list) else [end])
