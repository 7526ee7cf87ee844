"""Every aggregation against loops over its own definition, on evidence where no two agree."""

import math
from collections.abc import Callable
from statistics import fmean

import pytest
import torch

from reread.reader.aggregations import AttentionEvidence, aggregate, aggregation_named
from reread.reader.decoding import beam_decode, generation_rules, greedy_steps
from reread.reader.evidence import evidence_of
from reread.reader.segments import cut_segments
from reread.reading import AGGREGATIONS, ReadRequest
from tests.reread.reader.test_reader import PASSAGES, reader_over, tiny_bart, tiny_t5

LAYERS, HEADS, PASSAGE, LENGTH = 3, 2, 3, 4
Numbers = list[list[list[list[float]]]]  # [layer][head][passage][token]


def evidence() -> AttentionEvidence:
    generator = torch.Generator().manual_seed(5)

    def draw() -> torch.Tensor:
        return torch.randn(LAYERS, HEADS, PASSAGE, LENGTH, generator=generator, dtype=torch.float64)

    mask = torch.tensor([[True] * 4, [True, True, False, False], [True, True, True, False]])
    question = torch.tensor([[True, False, False, False], [True, False, False, True], [False] * 4])
    scores = draw().masked_fill(~mask, 50.0)  # padding would win every maximum
    weights, norms = draw().abs(), draw().abs()
    return AttentionEvidence(
        scores, draw().masked_fill(~mask, 50.0), weights, norms, mask, question
    )


def means_of(values: Numbers, k: int, tokens: list[int]) -> list[float]:
    return [values[la][h][k][t] for la in range(LAYERS) for h in range(HEADS) for t in tokens]


Slow = Callable[[Numbers, int, list[int]], float]
SLOW: dict[str, Slow] = {
    "mean": lambda s, k, ts: fmean(means_of(s, k, ts)),
    "max_tokens": lambda s, k, ts: fmean(
        max(s[la][h][k][t] for t in ts) for la in range(LAYERS) for h in range(HEADS)
    ),
    "last_layers": lambda s, k, ts: fmean(
        s[la][h][k][t] for la in range(LAYERS // 2, LAYERS) for h in range(HEADS) for t in ts
    ),
    "max_layers": lambda s, k, ts: fmean(
        max(s[la][h][k][t] for la in range(LAYERS)) for h in range(HEADS) for t in ts
    ),
    "max_heads": lambda s, k, ts: fmean(
        max(s[la][h][k][t] for h in range(HEADS)) for la in range(LAYERS) for t in ts
    ),
}


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_each_aggregation_equals_its_loop(name: str) -> None:
    e = evidence()
    found = aggregation_named(name)(e).tolist()
    for k in range(PASSAGE):
        tokens = [t for t in range(LENGTH) if e.mask[k, t]]
        if name == "without_question":
            others = [t for t in tokens if not e.question_mask[k, t]]
            wanted = SLOW["mean"](e.scores.tolist(), k, others)
        elif name == "all_outputs":
            wanted = SLOW["mean"](e.mean_scores.tolist(), k, tokens)
        elif name == "value_norm":
            assert e.value_norms is not None
            pairs = zip(
                means_of(e.mean_weights.tolist(), k, tokens),
                means_of(e.value_norms.tolist(), k, tokens),
                strict=True,
            )
            wanted = sum(w * n for w, n in pairs) / (LAYERS * HEADS)
        else:
            wanted = SLOW[name](e.scores.tolist(), k, tokens)
        assert found[k] == pytest.approx(wanted, rel=1e-12)


def test_no_two_aggregations_agree_here() -> None:
    """So that one computed in place of another is seen above."""
    rows = [tuple(round(v, 6) for v in row) for row in aggregate(evidence()).values()]
    assert len(set(rows)) == len(AGGREGATIONS)


@pytest.mark.parametrize("make", [tiny_t5, tiny_bart])
def test_a_beams_later_outputs_are_scored_too(make: Callable[[], torch.nn.Module]) -> None:
    """`all_outputs` of beam search was the first output's alone, the same as `mean`."""
    reader = reader_over(make())
    requests = [ReadRequest("Who?", PASSAGES), ReadRequest("Which animal?", PASSAGES[:2])]
    prepared = reader._prepare(requests)
    model = reader.model
    with torch.inference_mode():
        rules = generation_rules(model.generation_config, 8)
        *_, greedy = greedy_steps(model, prepared.fused, prepared.mask, rules, 8, all_steps=True)
        beams = beam_decode(model, prepared.fused, prepared.mask, 1, 8)  # one beam is greedy
    assert beams.ids == greedy.ids and beams.lengths == greedy.lengths
    assert max(beams.lengths) > 1
    for b, request in enumerate(requests):
        segments = cut_segments(request.question, request.passages, reader.tokenizer)
        one, other = (
            aggregate(evidence_of(d.taps, b, segments, d.lengths[b])) for d in (greedy, beams)
        )
        for name in AGGREGATIONS:
            assert other[name] == pytest.approx(one[name], abs=1e-5), name
        wanted = fmean(greedy.probabilities[b])
        assert greedy.confidence(b) == pytest.approx(wanted)
        assert beams.confidence(b) == pytest.approx(wanted, abs=1e-5)
        if make is tiny_bart:  # the small T5 repeats one token, and every step is as the first
            assert other["all_outputs"] != pytest.approx(other["mean"], abs=1e-5)
            assert not math.isclose(max(greedy.probabilities[b]), wanted, rel_tol=1e-4)


def test_value_norms_are_lengths_and_the_question_is_its_own_tokens() -> None:
    """Norms by hand from the module's own projection; question places by their characters."""
    reader = reader_over(tiny_t5())
    request = ReadRequest("Which animal?", PASSAGES[:2])
    prepared = reader._prepare([request])
    with torch.inference_mode():
        rules = generation_rules(reader.model.generation_config, 1)
        *_, decoded = greedy_steps(reader.model, prepared.fused, prepared.mask, rules, 1)
    segments = cut_segments(request.question, request.passages, reader.tokenizer)
    found = evidence_of(decoded.taps, 0, segments, 1)
    assert found.value_norms is not None
    modules = [block.layer[1].EncDecAttention for block in reader.model.decoder.block]
    start = 0
    for k, segment in enumerate(segments):
        for t in range(len(segment.ids)):
            state = prepared.fused[0, start + t]
            for la, module in enumerate(modules):
                values = module.v(state).detach().view(module.n_heads, -1)
                for h in range(module.n_heads):
                    wanted = math.sqrt(sum(float(v) ** 2 for v in values[h]))
                    assert float(found.value_norms[la, h, k, t]) == pytest.approx(wanted, abs=1e-4)
        start += len(segment.ids)
        marked = [t for t in range(len(segment.ids)) if found.question_mask[k, t]]
        begin = len("question: ")
        inside = [
            t
            for t, (left, right) in enumerate(segment.offsets)
            if right > left >= begin - 1 and right <= begin + len(request.question)
        ]
        assert marked == inside
