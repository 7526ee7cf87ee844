"""Presets are Table 7 of the paper to the number, and every value can be changed."""

import time
from dataclasses import replace

import pytest
import torch

from reread.compute.precision import pick_bf16, processor_flags, products_pay
from reread.errors import BadRequest
from tests.worlds.reader_training import make_t5
from trainer.dropout import set_dropout
from trainer.reader.optimizer import make_optimizer, rate_at, set_rates
from trainer.reader.presets import override, preset_named
from trainer.reader.settings import ReaderTraining


def rates(training: ReaderTraining, steps: list[int]) -> list[float]:
    return [training.learning_rate * rate_at(step, training) for step in steps]


def test_base_is_adam_at_a_constant_rate() -> None:
    recipe = preset_named("base")
    training, plan = recipe.training, recipe.plan
    assert (training.optimizer, training.steps, training.clip) == ("adam", 10_000, 1.0)
    assert rates(training, [0, 1, 9_999]) == [1e-4, 1e-4, 1e-4]
    assert training.encoder_learning_rate == 1e-4
    assert (plan.batch_size, plan.dropout, plan.max_segment_tokens) == (64, 0.1, 250)
    assert (plan.mix.passages, plan.mix.as_retrieved) == (100, True)
    assert (training.pointer_weight, training.passage_weight) == (0.0, 0.0)
    assert not training.freeze_embeddings and training.freeze_encoder_layers == 0


def test_large_warms_up_for_600_steps_and_falls_for_14400() -> None:
    training = preset_named("large").training
    assert (training.optimizer, training.steps) == ("adamw", 15_000)
    wanted = [5e-5 / 600, 5e-5, 5e-5, 5e-5 * 7200 / 14_400, 5e-5 / 14_400, 0.0]
    assert rates(training, [0, 599, 600, 7800, 14_999, 15_000]) == pytest.approx(wanted)


def test_every_value_can_be_changed() -> None:
    recipe = override(
        preset_named("large"), base="mine", learning_rate=1e-3, passages=7, batch_size=2,
        dropout=0.0, schedule="constant", warmup_steps=None, seed=4,
    )  # fmt: skip
    assert recipe.base == "mine"
    assert recipe.training.learning_rate == recipe.training.encoder_learning_rate == 1e-3
    assert (recipe.plan.mix.passages, recipe.plan.batch_size, recipe.plan.dropout) == (7, 2, 0.0)
    assert (recipe.training.schedule, recipe.training.warmup_steps) == ("constant", 600)
    assert recipe.plan.mix.as_retrieved and recipe.training.seed == 4
    own = override(preset_named("base"), learning_rate=1e-3, encoder_learning_rate=1e-5)
    assert own.training.encoder_learning_rate == 1e-5


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: preset_named("huge"), "The preset 'huge' is not known; choose one of base, large"),
        (lambda: ReaderTraining(steps=1, optimizer="sgd"), "choose one of adam, adamw"),
        (lambda: ReaderTraining(steps=1, schedule="cosine"), "choose one of constant, linear"),
        (lambda: ReaderTraining(steps=1, accumulation=0), "accumulation is 0; it must be at least"),
        (lambda: ReaderTraining(steps=0), "steps is 0"),
        (lambda: ReaderTraining(steps=1, clip=0.0), "clip is 0.0"),
        (lambda: override(preset_named("base"), dropout=1.5), "dropout is 1.5; a share is between"),
        (lambda: override(preset_named("base"), passages=0), "passages is 0"),
    ],
)
def test_values_that_cannot_be_are_refused_in_one_sentence(call, sentence: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        call()
    assert sentence in str(refusal.value)


def one_step(training: ReaderTraining) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix before and after one step with the gradient 0.5 everywhere."""
    model = make_t5()
    optimizer = make_optimizer(model, training)
    weight = model.encoder.block[0].layer[0].SelfAttention.q.weight
    before = weight.detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.5)
    set_rates(optimizer, 0, training)
    optimizer.step()
    return before, weight.detach()


def test_adam_moves_by_the_rate_and_adamw_decays_besides() -> None:
    """The first step of Adam is rate * sign(gradient), whatever the gradient's size."""
    training = ReaderTraining(
        steps=9, learning_rate=1.0, encoder_learning_rate=1e-2, warmup_steps=2, weight_decay=0.5,
        optimizer="adam",
    )  # fmt: skip
    rate = 1e-2 / 2  # first of two warm-up steps
    before, after = one_step(training)
    assert torch.allclose(after, before - rate, atol=1e-6)
    before, after = one_step(replace(training, optimizer="adamw"))
    assert torch.allclose(after, before * (1 - rate * 0.5) - rate, atol=1e-6)


def test_frozen_weights_are_not_given_to_the_optimizer() -> None:
    model = make_t5()
    make_optimizer(model, ReaderTraining(steps=1, freeze_embeddings=True, freeze_encoder_layers=1))
    assert not model.get_input_embeddings().weight.requires_grad
    assert not any(p.requires_grad for p in model.encoder.block[0].parameters())
    assert all(p.requires_grad for p in model.encoder.block[1].parameters())
    make_optimizer(model, ReaderTraining(steps=1, freeze_embeddings=False))
    assert all(p.requires_grad for p in model.parameters()), "a later stage learns again"
    with pytest.raises(BadRequest, match="3 encoder layers cannot be frozen: the reader has 2"):
        make_optimizer(model, ReaderTraining(steps=1, freeze_encoder_layers=3))


def test_dropout_reaches_every_place_of_t5() -> None:
    model = make_t5(dropout=0.1)
    set_dropout(model, 0.0)
    model.train()
    ids = torch.randint(3, 200, (2, 6))
    first, second = (model(input_ids=ids, labels=ids).loss.item() for _ in range(2))
    assert first == second
    set_dropout(model, 0.3)
    first, second = (model(input_ids=ids, labels=ids).loss.item() for _ in range(2))
    assert first != second
    assert model.encoder.block[0].layer[0].SelfAttention.dropout == 0.3


def test_bfloat16_is_automatic_where_the_processor_multiplies_it(tmp_path) -> None:
    cpu = torch.device("cpu")
    file = tmp_path / "cpuinfo"
    assert pick_bf16(None, cpu, file, lambda: True) is False, "no file: not Linux"
    for flags, named in (("fpu avx2", False), ("fpu avx512_bf16", True), ("amx_bf16", True)):
        file.write_text(f"processor : 0\nflags\t\t: {flags}\n")
        for pays in (True, False):
            fast = pick_bf16(None, cpu, file, lambda pays=pays: pays)
            assert fast is (named and pays), "a flag alone does not make products fast"
            assert pick_bf16(not fast, cpu, file) is not fast, "what was asked for holds"
    assert processor_flags(file) == {"amx_bf16"}


def test_what_pays_is_what_takes_less_time_here() -> None:
    """Held to a slow clock of larger products, where the two differ enough to tell."""
    took = dict.fromkeys((torch.float32, torch.bfloat16), 1e9)
    for _ in range(6):
        for kind in took:
            rows, weight = (torch.ones(shape, dtype=kind) for shape in ((1024, 384), (1536, 384)))
            started = time.perf_counter()
            torch.nn.functional.linear(rows, weight)
            took[kind] = min(took[kind], time.perf_counter() - started)
    ratio = took[torch.float32] / took[torch.bfloat16]
    if ratio > 1.6 or ratio < 0.9:
        assert products_pay() is (ratio > 1.2)
