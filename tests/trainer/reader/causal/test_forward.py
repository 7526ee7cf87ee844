"""The training forward against the reader's own engines: logits, scores, masks, gradients."""

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PhiConfig, PreTrainedModel, Qwen2Config

from reread.compute.padding import GROUP_COST, cheapest_edges
from reread.errors import BadRequest
from reread.reader.causal.attention import BlockTap
from reread.reader.causal.stock import StockEngine
from trainer.reader.causal.forward import Outcome, forward, shape_of
from trainer.reader.causal.losses import answer_loss, losses, passage_loss, weighed
from trainer.reader.causal.settings import CausalTraining, rate_at
from trainer.reader.causal.stream import Stream, lay_out
from trainer.reader.causal.tasks import CausalTask
from trainer.reader.causal.working import WorkingCopy

SIZES = {
    "vocab_size": 97, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 512,
    "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
CONFIGS = {
    "llama": LlamaConfig(**SIZES),
    "tied": LlamaConfig(**SIZES, tie_word_embeddings=True),
    "qwen2": Qwen2Config(**SIZES),
}
PREFIX = (1, 5)
TASKS = (
    CausalTask(
        ((7, 8, 9, 10, 11), (12, 13), (14, 15, 16, 17, 18, 19, 20)),
        (30, 31, 32, 33), (40, 41, 2), (1,), "span",
    ),
    CausalTask(((21, 22, 23),), (34, 35, 36, 37, 38, 39), (2,), (), "none"),
    CausalTask(
        tuple(tuple(range(40 + n, 42 + 3 * n)) for n in range(9)),
        (30, 39), (50, 51, 52, 53, 54, 2), (4, 7), "list",
    ),
)  # fmt: skip


def tiny_model(family: str = "llama") -> PreTrainedModel:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(CONFIGS[family], attn_implementation="eager")
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0.0, 0.2) if weight.dim() > 1 else weight.normal_(1.0, 0.2)
    return model.float().eval()


def run(model: PreTrainedModel, stream: Stream) -> tuple[Outcome, WorkingCopy]:
    copy = WorkingCopy(model, torch.float32)
    return forward(copy.weights, shape_of(model), stream), copy


def read(model: PreTrainedModel, task: CausalTask) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """What the reader's stock engine computes: logits of every answer token, scores by block."""
    engine, tap, logits = StockEngine(model), BlockTap(), []
    with torch.inference_mode():
        session = engine.open([engine.prefix(PREFIX), *engine.encode(PREFIX, task.blocks)], 32)
        at = len(PREFIX) + max(map(len, task.blocks))
        logits.append(session.feed(task.prompt, at, tap))
        for n, token in enumerate(task.target[:-1]):
            logits.append(session.feed([token], at + len(task.prompt) + n))
    scores = torch.stack(tap.scores)[..., len(PREFIX) :]  # (layers, H, S)
    parts = scores.split([*map(len, task.blocks), len(task.prompt)], dim=-1)
    return torch.stack(logits), list(parts[:-1])


@pytest.mark.parametrize("family", CONFIGS)
def test_logits_and_scores_equal_the_readers_engine(family: str):
    stream = lay_out(TASKS, PREFIX, 0)
    outcome, copy = run(tiny_model(family), stream)
    logits = outcome.states[stream.predicts] @ copy.weights.head.T
    read_all = [read(tiny_model(family), task) for task in TASKS]
    expected = torch.cat([one for one, _ in read_all])
    torch.testing.assert_close(logits.detach(), expected, atol=2e-4, rtol=2e-4)
    blocks = [one for _, scores in read_all for one in scores]  # (layers, H, L) each
    mean = torch.stack([one.mean(-1) for one in blocks], dim=1)
    summed = torch.stack([one.logsumexp(-1) for one in blocks], dim=1)
    torch.testing.assert_close(outcome.mean.detach(), mean, atol=2e-4, rtol=2e-4)
    torch.testing.assert_close(outcome.summed.detach(), summed, atol=2e-4, rtol=2e-4)


def test_a_question_reads_alike_alone_and_among_others():
    model = tiny_model()
    together, _ = run(model, lay_out(TASKS, PREFIX, 0))
    alone, _ = run(model, lay_out(TASKS[2:], PREFIX, 0))
    torch.testing.assert_close(together.mean[:, 4:], alone.mean, atol=1e-4, rtol=1e-4)


def changed(tasks: tuple[CausalTask, ...]) -> torch.Tensor:
    stream = lay_out(tasks, PREFIX, 0)
    outcome, _ = run(tiny_model(), stream)
    return outcome.states[stream.asks].detach()


def test_what_may_be_seen_is_and_what_may_not_is_not():
    before = changed(TASKS)
    for b, block in [(0, 0), (0, 1), (0, 2), (1, 0), (2, 8)]:  # every block moves its question only
        blocks = list(TASKS[b].blocks)
        blocks[block] = (*blocks[block][:-1], 96)
        other = (*TASKS[:b], replace(TASKS[b], blocks=tuple(blocks)), *TASKS[b + 1 :])
        moved = (changed(other) - before).abs().amax(-1) > 1e-4
        assert moved.tolist() == [n == b for n in range(3)]
    later = (replace(TASKS[0], target=(44, 45, 2)), *TASKS[1:])  # the answer is not seen early
    torch.testing.assert_close(changed(later), before)


def test_a_block_sees_neither_its_neighbours_nor_the_question():
    stream = lay_out(TASKS[:1], PREFIX, 0)
    outcome, _ = run(tiny_model(), stream)
    blocks = (TASKS[0].blocks[0], (60, 61), TASKS[0].blocks[2])
    other, _ = run(tiny_model(), lay_out((replace(TASKS[0], blocks=blocks),), PREFIX, 0))
    first = outcome.mean[0], other.mean[0]  # layer 0: queries have seen nothing yet
    torch.testing.assert_close(first[0][[0, 2]], first[1][[0, 2]])
    assert not torch.allclose(first[0][1], first[1][1])


def test_positions_questions_stand_behind_their_longest_block():
    stream = lay_out(TASKS, PREFIX, 0)
    own = stream.positions[-3 * stream.length :].view(3, stream.length)
    assert own[:, 0].tolist() == [2 + 7, 2 + 3, 2 + 18]
    assert own[0].tolist() == list(range(9, 9 + stream.length))
    assert all(stream.positions[group.first] == 0 for group in stream.groups)


def test_answers_weigh_by_the_root_of_their_length():
    stream = lay_out(TASKS, PREFIX, 0)
    expected = [3**-0.5] * 3 + [1.0] + [6**-0.5] * 6
    torch.testing.assert_close(stream.weights, torch.tensor(expected))
    assert stream.targets.tolist() == [40, 41, 2, 2, 50, 51, 52, 53, 54, 2]
    states = torch.zeros(3 * stream.length, 4)
    head = torch.zeros(97, 4)
    torch.testing.assert_close(answer_loss(states, stream, head), torch.tensor(97.0).log())


def test_the_passage_loss_raises_right_blocks_and_lowers_the_others():
    scores = torch.tensor([0.3, -0.2, 0.9, 0.1, 0.0], requires_grad=True)
    owners, right = torch.tensor([0, 0, 0, 1, 2]), torch.tensor([False, True, False, True, False])
    loss, hits = passage_loss(scores, owners, right)
    loss.backward()
    expected = -torch.log_softmax(scores[:3], 0)[1]
    torch.testing.assert_close(loss, expected)
    assert hits == 0.0  # block 2 is first; one block alone and none right count nowhere
    signs = scores.grad.sign().tolist()
    assert signs == [1.0, -1.0, 1.0, 0.0, 0.0]


def test_two_right_blocks_share_their_probability():
    loss, hits = passage_loss(
        torch.tensor([1.0, 1.0, 0.0]), torch.zeros(3).long(), torch.tensor([True, True, False])
    )
    expected = -torch.log(2 * torch.tensor(1.0).exp() / (2 * torch.tensor(1.0).exp() + 1))
    torch.testing.assert_close(loss, expected)
    assert hits == 1.0


def test_the_gradient_on_the_weights_is_the_slopes():
    model = tiny_model()
    training = CausalTraining(1, bf16=False)
    heads = torch.linspace(-0.1, 0.2, 36).view(2, 3, 6)
    stream = lay_out(TASKS, PREFIX, 0)

    def total() -> tuple[torch.Tensor, WorkingCopy]:
        copy = WorkingCopy(model, torch.float32)
        outcome = forward(copy.weights, shape_of(model), stream)
        return losses(outcome, stream, copy.weights.head, heads, training).total, copy

    loss, copy = total()
    loss.backward()
    copy.hand_over()
    layer = model.base_model.layers[1]
    for source in (layer.self_attn.k_proj.weight, layer.mlp.up_proj.weight):
        gradient = source.grad.clone()
        step = 1e-3 * gradient / gradient.norm()
        with torch.no_grad():
            source.add_(step)
            up = float(total()[0])
            source.sub_(2 * step)
            down = float(total()[0])
            source.add_(step)
        assert (up - down) / 2e-3 == pytest.approx(float(gradient.norm()), rel=0.05)


def test_a_refreshed_copy_computes_what_a_new_one_does():
    model, stream = tiny_model(), lay_out(TASKS, PREFIX, 0)
    copy = WorkingCopy(model, torch.float32)
    with torch.no_grad():
        for n, source in enumerate(copy.learning()):
            source.mul_(1.0 + 0.01 * n)
    copy.refresh()
    found = forward(copy.weights, shape_of(model), stream)
    expected, _ = run(model, stream)
    assert torch.equal(found.states, expected.states) and torch.equal(found.mean, expected.mean)


def test_every_head_has_a_weight_for_its_mean_and_one_for_its_sum():
    outcome = Outcome(torch.zeros(0), torch.rand(3, 4, 6), torch.rand(3, 4, 6))
    heads = torch.rand(2, 3, 6)
    expected = [
        sum(
            float(outcome.mean[layer, n, h] * heads[0, layer, h])
            + float(outcome.summed[layer, n, h] * heads[1, layer, h])
            for layer in range(3)
            for h in range(6)
        )
        for n in range(4)
    ]
    assert weighed(outcome, heads).tolist() == pytest.approx(expected, rel=1e-5)


def test_embeddings_and_vocabulary_do_not_learn_and_everything_else_does():
    model = tiny_model()
    learning = {id(one) for one in WorkingCopy(model, torch.bfloat16).learning()}
    names = {name for name, one in model.named_parameters() if id(one) not in learning}
    assert names == {"model.embed_tokens.weight", "lm_head.weight"}


def test_other_shapes_are_refused_in_a_sentence():
    model = AutoModelForCausalLM.from_config(PhiConfig(**{**SIZES, "num_key_value_heads": 6}))
    with pytest.raises(BadRequest, match="llama, mistral, qwen2 and this is a phi"):
        shape_of(model)


def test_the_rate_rises_over_the_warm_up_and_falls_to_nothing():
    training = CausalTraining(100, learning_rate=1.0, warmup_steps=20)
    assert [rate_at(s, training) for s in (0, 19, 20, 60, 99)] == pytest.approx(
        [0.05, 1.0, 1.0, 0.5, 0.0125]
    )


def test_groups_of_rows_cost_least() -> None:
    """Against every way to part the rows; before, thirds padded a long block's neighbours."""
    random = Random(3)
    for _ in range(30):
        lengths = sorted(8 * random.randint(1, 32) for _ in range(random.randint(2, 9)))
        edges = cheapest_edges(lengths)
        assert edges[0] == 0 and edges[-1] == len(lengths)
        assert all(b - a > 1 for a, b in zip(edges, edges[1:], strict=False))
        ways = [
            [0, *inner, len(lengths)]
            for count in range(len(lengths))
            for inner in combinations(range(1, len(lengths)), count)
        ]
        allowed = [way for way in ways if all(b - a > 1 for a, b in pairwise(way))]
        assert group_cost(lengths, edges) == min(group_cost(lengths, way) for way in allowed)
    assert cheapest_edges([8]) == [0, 1]


def group_cost(lengths: list[int], edges: list[int]) -> int:
    return sum((b - a) * lengths[b - 1] + GROUP_COST for a, b in pairwise(edges))
