"""One training step: cutting it differently, or encoding twice, leaves the gradient as it was."""

from dataclasses import replace

import pytest
import torch

from reread.errors import BadRequest
from reread.reader.fusion import install_fusion_attention
from tests.worlds.reader_training import (
    PLAN,
    TRAINING,
    make_reader_examples,
    make_t5,
    make_tokenizer,
)
from trainer.reader.batches import ReaderBatch
from trainer.reader.distributed import Ranks
from trainer.reader.losses import count_terms
from trainer.reader.settings import TaskMix
from trainer.reader.step import backward_step, reader_losses, seed_step, term_weights, to_device
from trainer.reader.tasks import TaskSource
from trainer.reader.tuning import require_divisible, split, stream_micro_batches

MIX = TaskMix(passages=3)


def step_batches(model, accumulation: int, ranks: Ranks = Ranks()) -> list[ReaderBatch]:  # noqa: B008
    training = replace(TRAINING, accumulation=accumulation)
    stream = stream_micro_batches(
        TaskSource(make_reader_examples(30), [], MIX), replace(PLAN, mix=MIX), training,
        make_tokenizer(), model, ranks=ranks,
    )  # fmt: skip
    return [next(stream) for _ in range(accumulation)]


def gradients(model, batches, settings=TRAINING) -> dict[str, torch.Tensor]:
    model.zero_grad(set_to_none=True)
    backward_step(model, batches, settings)
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.fixture
def model():
    made = make_t5()
    install_fusion_attention(made)
    return made


def largest_difference(a, b) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name] - b[name]).abs().max()) for name in a)


@pytest.mark.parametrize("accumulation", [2, 3, 8])
def test_micro_batches_give_the_gradient_of_the_whole_batch(model, accumulation: int) -> None:
    """Answers have 2 to 6 tokens, so a mean of means would differ: that is checked too."""
    whole = gradients(model, step_batches(model, 1))
    parts = step_batches(model, accumulation)
    assert len({count_terms(part)["answer"] for part in parts}) > 1
    assert max(float(g.abs().max()) for g in whole.values()) > 0.1
    assert largest_difference(gradients(model, parts), whole) < 1e-6
    naive: dict[str, torch.Tensor] = {}
    for part in parts:
        for name, one in gradients(model, [part]).items():
            naive[name] = naive.get(name, 0) + one / len(parts)
    assert largest_difference(naive, whole) > 1e-4


def test_told_losses_are_the_means_over_the_step(model) -> None:
    whole = {n: v.item() for n, v in reader_losses(model, step_batches(model, 1)[0]).items()}
    told = backward_step(model, step_batches(model, 4), TRAINING)
    assert told == pytest.approx(whole, abs=1e-5)


def test_ranks_share_a_step_between_them(model) -> None:
    tasks = [step_batches(model, 1, Ranks(rank, 2))[0] for rank in range(2)]
    whole = step_batches(model, 1)[0]
    rows = [tuple(row.tolist()) for one in tasks for row in one.labels]
    strip = lambda row: tuple(i for i in row if i >= 0)  # noqa: E731
    assert sorted(map(strip, rows)) == sorted(strip(row.tolist()) for row in whole.labels)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_encoding_twice_gives_the_same_gradient(dropout: float) -> None:
    model = make_t5(dropout=dropout).train()
    install_fusion_attention(model)
    batches = step_batches(model, 2)
    kept, again = (
        (seed_step(0, 1, 0), gradients(model, batches, replace(TRAINING, checkpointing=on)))[1]
        for on in (False, True)
    )
    assert largest_difference(kept, again) == 0.0


def test_bfloat16_gradients_point_the_same_way(model) -> None:
    exact = gradients(model, step_batches(model, 1))
    rough = gradients(model, step_batches(model, 1), replace(TRAINING, bf16=True))
    one = torch.cat([exact[name].flatten() for name in exact])
    two = torch.cat([rough[name].flatten() for name in exact])
    assert two.dtype == torch.float32
    assert torch.cosine_similarity(one, two, dim=0) > 0.99


def test_terms_of_weight_zero_are_not_computed(model) -> None:
    paper = replace(TRAINING, pointer_weight=0.0, passage_weight=0.0)
    assert list(term_weights(paper)) == ["answer"]
    told = backward_step(model, step_batches(model, 2), paper)
    assert list(told) == ["answer"]
    alone = reader_losses(model, step_batches(model, 1)[0])["answer"]
    assert told["answer"] == pytest.approx(alone.item(), abs=1e-5)


def test_dropout_depends_on_seed_step_and_rank_alone() -> None:
    draws = {}
    for key in [(0, 5, 0), (0, 5, 1), (0, 6, 0), (1, 5, 0), (0, 5, 0)]:
        torch.randn(3)
        seed_step(*key)
        value = torch.rand(1).item()
        assert draws.setdefault(key, value) == value
    assert len(set(draws.values())) == 4


def test_a_step_is_cut_into_near_equal_parts() -> None:
    assert [len(one) for one in split(list(range(8)), 3)] == [2, 3, 3]
    require_divisible(8, 4, Ranks(0, 2))
    with pytest.raises(BadRequest, match="8 questions cannot be cut into 5 micro-batches for each"):
        require_divisible(8, 5, Ranks(0, 2))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_step_agrees_with_the_cpu(model) -> None:
    exact = gradients(model, step_batches(model, 2))
    batches = step_batches(model, 2)
    model.to("cuda")
    assert to_device(batches[0], model.device).input_ids.is_cuda
    on_gpu = {name: one.cpu() for name, one in gradients(model, batches).items()}
    assert largest_difference(on_gpu, exact) < 1e-4
    rough = gradients(model, batches, replace(TRAINING, bf16=True, checkpointing=True))
    one = torch.cat([exact[name].flatten() for name in exact])
    two = torch.cat([rough[name].cpu().flatten() for name in exact])
    assert torch.cosine_similarity(one, two, dim=0) > 0.99
