"""What is faster gives the numbers of what is plain."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch
from torch import nn
from torch.nn import functional

from reread.compute.fast_attention import plain_attention
from reread.retriever.retriever import DenseRetriever
from tests.worlds.tiny import load, make_encoder, make_examples
from trainer.dropout import set_dropout
from trainer.settings import DistilSettings
from trainer.student.batches import Batch, arrange, draw_batches, tokenise
from trainer.student.objectives import Signal, choose_objective
from trainer.student.scores import score
from trainer.student.speedups import DrawnDropout, draw_mask, fast_training
from trainer.teacher.scaling import scale_teacher

TAU = 0.5


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield make_encoder(tmp_path_factory.mktemp("encoder"))


def gradients(retriever: DenseRetriever, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    retriever.zero_grad()
    torch.autograd.backward(loss)
    named = retriever.named_parameters()
    return {name: one.grad.clone() for name, one in named if one.grad is not None}


def plain_loss(retriever: DenseRetriever, batch: Batch, objective: str) -> torch.Tensor:
    """Question by question, every passage encoded for itself and padded to 32 tokens."""

    def embed(ids: list[int]) -> torch.Tensor:
        padded = torch.tensor([ids + [0] * (32 - len(ids))])
        return retriever.encoder(
            input_ids=padded, attention_mask=torch.tensor([[1] * len(ids) + [0] * (32 - len(ids))])
        ).last_hidden_state[0, : len(ids)].mean(dim=0)  # fmt: skip

    loss = choose_objective(DistilSettings(objective=objective))
    total = torch.zeros(())
    for b, question in enumerate(batch.questions):
        kept = batch.mask[b]
        query = functional.normalize(embed(question), dim=0)
        passages = [embed(batch.passages[row]) for row in batch.places[b][kept].tolist()]
        scores = torch.stack([functional.normalize(one, dim=0) @ query for one in passages]) / TAU
        total = total + loss(scores[None], Signal(batch.teacher[b][kept][None], kept[kept][None]))
    return total / len(batch.questions)


@pytest.mark.parametrize("objective", ["kl", "mse", "margin"])
def test_gradients_equal_the_plain_loop(encoder: Path, objective: str) -> None:
    """Shared passages, length groups and the student's attention: 1e-5 in float32."""
    examples = make_examples(8) + make_examples(8, seed=4, width=4)
    retriever = load(encoder)
    data = tokenise(retriever, examples, scale_teacher(examples, None))
    (batch,) = draw_batches(data, size=16, passages_per_question=0, random=Random(0))
    assert len(batch.passages) < int(batch.mask.sum())  # some are shared
    loss = choose_objective(DistilSettings(objective=objective))
    slow = plain_loss(retriever, batch, objective)
    wanted = gradients(retriever, slow)
    with fast_training(retriever):
        fast = loss(score(retriever, batch, TAU)[0], batch.to_signal(torch.device("cpu")))
        found = gradients(retriever, fast)
    assert fast.item() == pytest.approx(slow.item(), rel=1e-5)
    assert found.keys() == wanted.keys()
    for name in wanted:
        scale = max(1.0, float(wanted[name].abs().max()))
        assert torch.allclose(found[name], wanted[name], atol=1e-5 * scale, rtol=0), name


def test_bfloat16_stays_near(encoder: Path) -> None:
    retriever, examples = load(encoder), make_examples(16)
    data = tokenise(retriever, examples, scale_teacher(examples, None))
    (batch,) = draw_batches(data, size=16, passages_per_question=0, random=Random(0))
    with torch.no_grad(), fast_training(retriever):
        (exact,) = score(retriever, batch, 1.0)
        with retriever.precision(bf16=True):
            (near,) = score(retriever, batch, 1.0)
    assert near.dtype == torch.float32
    assert not torch.equal(near, exact)
    assert torch.allclose(near, exact, atol=0.02)


def test_plain_attention_is_attention() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    mask = torch.ones(2, 1, 5, 5, dtype=torch.bool)
    mask[1, :, :, 3:] = False
    wanted = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.7)
    found = plain_attention(q, k, v, mask, scaling=0.7)
    assert torch.allclose(found, wanted.transpose(1, 2))
    assert torch.autograd.gradcheck(lambda *a: plain_attention(*a, mask, scaling=0.7), (q, k, v))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_its_share(share: float) -> None:
    torch.manual_seed(0)
    mask = draw_mask(torch.empty(999, 1001), share)
    assert float((mask == 0).float().mean()) == pytest.approx(share, abs=2e-3)
    assert float(mask.mean()) == pytest.approx(1.0, abs=0.01)
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / (1 - share)], rel=1e-3)
    pairs = (mask[:, :-1] == 0) & (mask[:, 1:] == 0)  # neighbours come from one random number
    assert float(pairs.float().mean()) == pytest.approx(share**2, abs=3e-3)


def test_dropout_follows_the_seed_and_rests_in_evaluation() -> None:
    layer, values = DrawnDropout(0.3), torch.ones(7, 5)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(layer(values))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])
    assert layer.eval()(values) is values


def test_every_dropout_is_put_back(encoder: Path) -> None:
    retriever = load(encoder)
    set_dropout(retriever, 0.1)
    before = {name: type(one) for name, one in retriever.named_modules()}
    with pytest.raises(RuntimeError, match="stop"), fast_training(retriever):
        assert any(isinstance(one, DrawnDropout) for one in retriever.modules())
        raise RuntimeError("stop")
    assert {name: type(one) for name, one in retriever.named_modules()} == before
    assert all(one.p == 0.1 for one in retriever.modules() if type(one) is nn.Dropout and one.p)


def test_arranged_batches_hold_everything_once_and_share_more() -> None:
    random = Random(0)
    lists = [[10 * topic + random.randrange(10) for _ in range(4)] for topic in range(25)] * 8
    batches = arrange(lists, 8, Random(1))
    assert sorted(i for one in batches for i in one) == list(range(200))
    assert [len(one) for one in batches] == [8] * 25
    used = [len({n for i in one for n in lists[i]}) for one in batches]
    assert max(used) <= 4  # each topic's eight questions came together
    assert arrange(lists, 8, Random(1)) == batches != arrange(lists, 8, Random(2))
    assert sorted(map(len, arrange(lists[:21], 8, Random(1)))) == [5, 8, 8]
