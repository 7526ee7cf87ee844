"""Reader training: batches point at the right tokens, losses are what they say, a model learns."""

import random

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BartConfig, BartForConditionalGeneration

from reread.reader.fusion import install_fusion_attention
from reread.reader.reader import Reader
from reread.reading import ReadRequest
from reread.records import Passage
from reread.retriever.retriever import resolve_default_retriever
from trainer.reader.batches import IGNORED, collate
from trainer.reader.examples import (
    ReaderExample,
    ReadingTask,
    draw_task,
    make_cloze,
    make_continuation,
)
from trainer.reader.losses import answer_sum, passage_sum, pointer_sum
from trainer.reader.optimizer import rate_at
from trainer.reader.settings import ReadingPlan, TaskMix
from trainer.reader.starter.model import build_starter_model
from trainer.reader.step import encode_by_length, reader_losses
from trainer.reader.tasks import TaskSource, crop_passage
from trainer.reader.training import ReaderTraining, saved_step, train_reader
from trainer.reader.tuning import stream_micro_batches

MINILM = str(resolve_default_retriever())


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(MINILM)


def tiny_bart(tokenizer, seed=0):
    torch.manual_seed(seed)
    return BartForConditionalGeneration(
        BartConfig(
            vocab_size=tokenizer.vocab_size, d_model=32, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
            decoder_ffn_dim=64, max_position_embeddings=128, pad_token_id=0, bos_token_id=101,
            eos_token_id=102, decoder_start_token_id=101, forced_eos_token_id=None,
        )
    )  # fmt: skip


def task(answer="Paris", positive=(1,)):
    passages = (
        Passage("a", "Spain", "Madrid is big."),
        Passage("b", "France", "It is Paris. Paris!"),
    )
    return ReadingTask("Which Paris is it?", answer, passages, positive)


def test_pointers_stand_on_the_answer_and_never_on_the_question(tokenizer):
    batch = collate([task()], tokenizer, decoder_start=101)
    length = batch.input_ids.shape[2]
    places = batch.pointers[0, 0].nonzero().flatten().tolist()
    pointed = [batch.input_ids[0].flatten()[i].item() for i in places]
    assert tokenizer.convert_ids_to_tokens(pointed) == ["paris", "paris"]
    assert all(place >= length for place in places), "only the positive passage is pointed at"
    assert not batch.pointers[0, 1].any(), "the end token stands nowhere"


def test_targets_are_shifted_by_one(tokenizer):
    batch = collate([task(), task("Madrid is big", (0,))], tokenizer, decoder_start=101)
    assert batch.decoder_ids[1].tolist() == [101, *tokenizer("Madrid is big").input_ids[1:-1]]
    assert batch.labels[1].tolist() == tokenizer("Madrid is big").input_ids[1:]
    assert batch.labels[0].tolist()[2:] == [IGNORED, IGNORED]


def test_encoding_by_length_equals_one_padded_call(tokenizer):
    model = tiny_bart(tokenizer).eval()
    install_fusion_attention(model)
    ids = torch.randint(5, 100, (5, 9))
    mask = torch.ones_like(ids)
    for row, length in enumerate((9, 3, 0, 5, 1)):
        mask[row, length:] = 0
    ours = encode_by_length(model, ids, mask, rows=2)
    theirs = model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
    for row in (0, 1, 3, 4):
        n = int(mask[row].sum())
        assert torch.allclose(ours[row, :n], theirs[row, :n], atol=1e-6)


def test_losses_against_written_out_loops():
    torch.manual_seed(0)
    weights = torch.softmax(torch.randn(2, 3, 4, 6), dim=-1)
    pointers = torch.rand(2, 4, 6) > 0.7
    total = 0.0
    for b in range(2):
        for t in range(4):
            if pointers[b, t].any():
                mass = sum(
                    weights[b, h, t, s].item() / 3
                    for h in range(3) for s in range(6) if pointers[b, t, s]
                )  # fmt: skip
                total -= torch.log(torch.tensor(mass)).item()
    assert pointer_sum(weights, pointers).item() == pytest.approx(total, abs=1e-4)
    scores = torch.tensor([[1.0, 2.0, 50.0]])
    present = torch.tensor([[True, True, False]])
    wanted = -torch.log_softmax(scores[0, :2], 0)[1].item()
    got = passage_sum(scores, torch.tensor([[False, True, False]]), present).item()
    assert got == pytest.approx(wanted, abs=1e-6)
    logits = torch.randn(1, 2, 7)
    assert answer_sum(logits, torch.tensor([[3, IGNORED]])).item() == pytest.approx(
        -torch.log_softmax(logits[0, 0], 0)[3].item(), abs=1e-6
    )


def test_passage_loss_is_the_loss_of_the_readers_own_scores(tokenizer):
    """What training raises must be the G that the reader returns, not a relative of it."""
    model = tiny_bart(tokenizer).eval()
    install_fusion_attention(model)
    one = task()
    with torch.no_grad():
        loss = reader_losses(model, collate([one], tokenizer, decoder_start=101))["passage"].item()
    reader = Reader(model, tokenizer, name="tiny", max_answer_tokens=2)
    relevance = reader.read([ReadRequest(one.question, one.passages)])[0].relevance
    assert loss == pytest.approx(-torch.log(torch.tensor(relevance[1])).item(), abs=1e-5)


def test_starter_encoder_equals_the_sentence_encoder(tokenizer):
    model, _ = build_starter_model(MINILM)
    bert = AutoModel.from_pretrained(MINILM)
    inputs = tokenizer(
        ["a small test of the weights", "another"], padding=True, return_tensors="pt"
    )
    inputs.pop("token_type_ids", None)
    with torch.no_grad():
        ours = model.eval().get_encoder()(**inputs).last_hidden_state
        theirs = bert.eval()(**inputs).last_hidden_state
    kept = inputs["attention_mask"].bool()
    assert (ours[kept] - theirs[kept]).abs().max() < 1e-3


def examples(count, rng):
    """The answering passage is the one that says yes; its number is the answer."""
    made = []
    for _ in range(count):
        numbers = [str(rng.randint(1, 9)) for _ in range(3)]
        passages = tuple(
            Passage(str(i), "", f"{'yes' if i == 0 else 'no'} {n}") for i, n in enumerate(numbers)
        )
        made.append(ReaderExample("which number", (numbers[0],), passages, (0,)))
    return made


@pytest.mark.slow
def test_training_lowers_all_losses_and_resumes_where_it_stopped(tokenizer, tmp_path):
    model = tiny_bart(tokenizer)
    install_fusion_attention(model)
    source = TaskSource(examples(200, random.Random(0)), [], TaskMix(passages=3))

    def batches():
        plan = ReadingPlan(batch_size=16, mix=source.mix)
        first = saved_step(tmp_path)
        return stream_micro_batches(source, plan, settings, tokenizer, model, first)

    lines = []
    settings = ReaderTraining(
        steps=60, learning_rate=3e-3, encoder_learning_rate=3e-3, warmup_steps=5,
        freeze_embeddings=False, log_every=10, save_every=30,
    )  # fmt: skip
    train_reader(model, batches(), settings, folder=tmp_path, report=lines.append)
    assert lines[-1]["passage"] < 0.5 * lines[0]["passage"]
    assert lines[-1]["answer"] < 0.6 * lines[0]["answer"]
    assert saved_step(tmp_path) == 60
    again = []
    train_reader(model, batches(), settings, folder=tmp_path, report=again.append)
    assert again == [], "a finished stage has nothing left to do"


def test_rate_warms_up_and_falls():
    settings = ReaderTraining(steps=100, warmup_steps=10, final_share=0.5)
    assert [rate_at(step, settings) for step in (0, 9, 10, 100)] == [0.1, 1.0, 1.0, 0.5]


def test_draw_never_uses_an_answering_passage_as_distractor():
    passages = tuple(Passage(str(i), "", "t") for i in range(6))
    example = ReaderExample("q", ("a",), passages, (1, 4))
    for seed in range(50):
        drawn = draw_task(example, 4, random.Random(seed))
        assert len(drawn.passages) == 4
        right = [k for k, p in enumerate(drawn.passages) if p.id in ("1", "4")]
        assert list(drawn.positive) == right and len(right) == 1


def test_cloze_asks_for_words_of_the_text_and_does_not_show_them():
    text = "In 1911 Marie Curie won a second Nobel Prize for her work in the field of chemistry."
    for seed in range(30):
        example = make_cloze(text, "Curie", random.Random(seed))
        assert example is not None
        assert example.answers[0] in text
        assert example.positives == (0,)


def test_crop_keeps_the_answer_inside():
    words = [f"w{i}" for i in range(300)]
    passage = Passage("1", "t", " ".join(words))
    for seed in range(50):
        cropped = crop_passage(passage, "w250 w251", random.Random(seed)).text.split()
        assert 35 <= len(cropped) <= 75
        assert "w250" in cropped and "w251" in cropped


def test_continuation_asks_for_the_words_that_follow():
    words = [f"w{i}" for i in range(50)]
    for seed in range(30):
        example = make_continuation(" ".join(words), "t", random.Random(seed))
        assert example is not None
        given = example.question.removeprefix("continue ").split()
        asked = example.answers[0].split()
        start = words.index(given[0])
        assert words[start : start + 3 + len(asked)] == given + asked
