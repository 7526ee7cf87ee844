"""What a decoding reader says anyway is no evidence: its answer's likelihood without passages."""

import math
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, BartForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

from reread.reader.loading import load_reader
from reread.reader.unaided import nothing_of, unaided_chances
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.tiny_pointing import save_tiny_pointing

PASSAGES = (Passage("1", "", "The fox is blue."), Passage("2", "Rain", "It fell on day 12."))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return save_tiny_pointing(tmp_path / "reader", head=False)


def slow_chances(folder: str, texts: list[str], answer: list[int]) -> list[float]:
    """The stock model, teacher-forced over the states of every text side by side."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BartForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    states = [
        model.get_encoder()(input_ids=torch.tensor([tokenizer(one)["input_ids"]]))[0][0]
        for one in texts
    ]
    logits = model(
        encoder_outputs=BaseModelOutput(torch.cat(states)[None]),
        decoder_input_ids=torch.tensor([[101, *answer[:-1]]]),
    ).logits[0]
    chances = torch.softmax(logits.detach(), dim=-1)
    return [float(chances[n, token]) for n, token in enumerate(answer)]


def test_the_chances_are_the_stock_models_after_an_empty_passage(folder: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load_reader(folder, dtype="float32").model
    questions = ["Which colour has the fox?", "When?"]
    answers = [[2829, 102], [1, 7, 3000, 102]]
    with torch.inference_mode():
        found = unaided_chances(model, tokenizer, questions, answers, 250)
    for question, answer, chances in zip(questions, answers, found, strict=True):
        slow = slow_chances(folder, [f"question: {question} title:  context: "], answer)
        assert chances == pytest.approx(slow, rel=1e-3)


def test_nothing_is_the_likelihood_without_passages_against_that_with_them(folder: str) -> None:
    reader = load_reader(folder, dtype="float32", max_answer_tokens=4)
    question = "Which colour has the fox?"
    (reading,) = reader.read([ReadRequest(question, PASSAGES)])
    signal = reading.signals["nothing"]
    *_, streamed = reader.stream(ReadRequest(question, PASSAGES))
    assert streamed.signals["nothing"] == pytest.approx(signal, abs=1e-4)
    with torch.inference_mode():
        decoded = reader._decode(reader._prepare([ReadRequest(question, PASSAGES)]))
    ids = decoded.ids[0]
    texts = [f"question: {question} title: {one.title} context: {one.text}" for one in PASSAGES]
    aided = slow_chances(folder, texts, ids)
    unaided = slow_chances(folder, [f"question: {question} title:  context: "], ids)
    gain = sum(map(math.log, aided)) / len(ids) - sum(map(math.log, unaided)) / len(ids)
    assert signal == pytest.approx(-gain, abs=1e-3)
    assert nothing_of(aided, unaided) == pytest.approx(1 / (1 + math.exp(gain)))
