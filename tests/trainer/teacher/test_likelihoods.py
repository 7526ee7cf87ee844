"""The signals made of answers against stock models called one passage at a time."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import ByT5Tokenizer, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from reread.errors import BadRequest
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.test_reader import PASSAGES, reader_over, tiny_bart, tiny_t5
from tests.worlds.tiny import load, make_encoder, make_examples
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.student.distil import train
from trainer.teacher.likelihoods import LikelihoodTeacher, answer_log_probs, left_out_losses
from trainer.teacher.teacher import teach
from trainer.teaching import ANSWER_TEACHERS

REQUESTS = [
    ReadRequest("Who wrote notes?", PASSAGES[:2]),
    ReadRequest("What was not built in a day?", PASSAGES),
    ReadRequest("Which animal?", PASSAGES[1:3]),
]
ANSWERS = ["Ada", "Rome, they say", "cat"]


@pytest.fixture(params=["t5", "bart"])
def stock(request: pytest.FixtureRequest) -> PreTrainedModel:
    return tiny_t5() if request.param == "t5" else tiny_bart()


def slow_log_probs(
    model: PreTrainedModel, question: str, passages: tuple[Passage, ...], answer: str,
    temperature: float = 1.0,
) -> list[float]:  # fmt: skip
    """log p of each answer token and the end, one stock forward pass per token."""
    tokenizer = ByT5Tokenizer()
    states = []
    for p in passages:
        text = f"question: {question} title: {p.title} context: {p.text}"
        ids = tokenizer(text, truncation=True, max_length=250)["input_ids"]
        states.append(model.get_encoder()(torch.tensor([ids])).last_hidden_state[0])
    fused = torch.cat(states)[None]
    wanted = [*tokenizer(answer, add_special_tokens=False)["input_ids"], 1]
    found = []
    for t, token in enumerate(wanted):
        logits = model(
            encoder_outputs=BaseModelOutput(last_hidden_state=fused),
            decoder_input_ids=torch.tensor([[model.config.decoder_start_token_id, *wanted[:t]]]),
            use_cache=False,
        ).logits[0, -1]
        powers = [math.exp(value / temperature) for value in logits.tolist()]
        found.append(math.log(powers[token] / sum(powers)))
    return found


@torch.no_grad()
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_token_log_probabilities_equal_the_loop(stock: PreTrainedModel, temperature: float) -> None:
    found = answer_log_probs(reader_over(stock), REQUESTS, ANSWERS, temperature=temperature)
    for own, request, answer in zip(found, REQUESTS, ANSWERS, strict=True):
        slow = [
            slow_log_probs(stock, request.question, (one,), answer, temperature)
            for one in request.passages
        ]
        assert own.shape == (len(request.passages), len(answer) + 1)
        assert own.flatten().tolist() == pytest.approx(sum(slow, []), abs=2e-4)


@torch.no_grad()
def test_left_out_losses_equal_the_loop(stock: PreTrainedModel) -> None:
    found = left_out_losses(reader_over(stock), REQUESTS, ANSWERS)
    for own, request, answer in zip(found, REQUESTS, ANSWERS, strict=True):
        passages = request.passages
        slow = []
        for k in range(len(passages)):
            rest = passages[:k] + passages[k + 1 :]
            by_token = slow_log_probs(stock, request.question, rest, answer)
            slow.append(-sum(by_token) / len(by_token))
        assert own.tolist() == pytest.approx(slow, abs=2e-4)


def test_batch_mates_and_small_calls_change_nothing(stock: PreTrainedModel) -> None:
    reader = reader_over(stock)
    for signal in (answer_log_probs, left_out_losses):
        together = signal(reader, REQUESTS, ANSWERS)
        alone = [
            signal(reader, [r], [a], states_at_once=1)[0]
            for r, a in zip(REQUESTS, ANSWERS, strict=True)
        ]
        for one, other in zip(together, alone, strict=True):
            assert torch.allclose(one, other, atol=1e-5)


def test_the_order_of_passages_only_permutes(stock: PreTrainedModel) -> None:
    reader = reader_over(stock)
    turned = replace(REQUESTS[1], passages=REQUESTS[1].passages[::-1])
    for signal in (answer_log_probs, left_out_losses):
        there, back = signal(reader, [REQUESTS[1], turned], [ANSWERS[1]] * 2)
        assert torch.allclose(there, back.flip(0), atol=1e-5)


def examples() -> list[Example]:
    return [
        Example(r.question, r.passages, (None,) * len(r.passages), (0.0,) * len(r.passages),
                "old", i, answer=answer)
        for i, (r, answer) in enumerate(zip(REQUESTS, ANSWERS, strict=True))
    ]  # fmt: skip


def test_examples_are_taught(stock: PreTrainedModel) -> None:
    reader = reader_over(stock)
    by_token = answer_log_probs(reader, REQUESTS, ANSWERS)
    for signal in ANSWER_TEACHERS:
        taught = teach(LikelihoodTeacher(reader, signal), examples())
        assert [(one.signal, one.reader) for one in taught] == [(signal, "tiny")] * 3
        for one, own in zip(taught, by_token, strict=True):
            if signal == "ppmean":
                assert one.teacher == pytest.approx(own.mean(dim=1).tolist(), abs=1e-6)
                assert one.token_teacher is not None
                assert torch.allclose(torch.tensor(one.token_teacher), own, atol=1e-6)
            else:
                assert one.token_teacher is None


def test_what_is_missing_is_said() -> None:
    reader = reader_over(tiny_t5())
    unanswered = [replace(one, answer=" ") for one in examples()]
    with pytest.raises(BadRequest, match="loop needs an answer to every question and 3 of 3"):
        teach(LikelihoodTeacher(reader, "loop"), unanswered)
    with pytest.raises(BadRequest, match="'kl' is no likelihood of an answer; those are ppmean, l"):
        LikelihoodTeacher(reader, "kl")
    with pytest.raises(BadRequest, match="has 1; give at least 2"):
        left_out_losses(reader, [ReadRequest("Who?", PASSAGES[:1])], ["Ada"])


@pytest.mark.parametrize("objective", ["ppmean", "loop", "emdr2"])
def test_a_student_learns_from_them(tmp_path: Path, objective: str) -> None:
    """Planted likelihoods: the asked animal's passage explains every token of the answer."""
    planted = [
        replace(
            one,
            signal="ppmean" if objective == "emdr2" else objective,
            token_teacher=tuple((g - 4.0,) * (2 + one.sequence % 3) for g in one.teacher),
        )
        for one in make_examples(120)
    ]
    settings = DistilSettings(
        objective=objective, epochs=10, learning_rate=3e-3, passages_per_question=4,
        freeze_word_embeddings=False,
    )  # fmt: skip
    report = train(load(make_encoder(tmp_path)), planted, settings, seed=0)
    assert report.epoch_loss[-1] < report.epoch_loss[0]
    assert report.epoch_agreement[-1] > 0.8


def test_attention_is_no_likelihood(tmp_path: Path) -> None:
    with pytest.raises(
        BadRequest, match="teacher is loop and 4 of 4 examples hold the scores of mean"
    ):
        train(load(make_encoder(tmp_path)), make_examples(4), DistilSettings("loop"), seed=0)
