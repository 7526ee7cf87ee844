"""The reader against the slow reference, and the invariances that the method promises."""

import copy
import json

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    ByT5Tokenizer,
    T5Config,
    T5ForConditionalGeneration,
)

from reread.errors import BadRequest, UnknownModel
from reread.reader.loading import load_reader
from reread.reader.reader import Reader
from reread.reader.segments import cut_segments
from reread.reader.unread import CUT_QUESTION
from reread.reading import AGGREGATIONS, Reading, ReadRequest
from reread.records import Passage
from tests.worlds.field import field_case
from tests.worlds.slow_reader import slow_read

PASSAGES = tuple(
    Passage(str(i), f"Title {i}", text)
    for i, text in enumerate(
        ["Ada wrote notes.", "Rome was not built in a day, they say.", "A cat.", "x " * 200]
    )
)


def tiny_t5(seed: int = 0) -> T5ForConditionalGeneration:
    torch.manual_seed(seed)
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=384, d_model=32, d_kv=8, d_ff=64, num_layers=3, num_decoder_layers=3,
            num_heads=4, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
        )
    ).eval()  # fmt: skip


def tiny_bart(seed: int = 0) -> BartForConditionalGeneration:
    torch.manual_seed(seed)
    model = BartForConditionalGeneration(
        BartConfig(
            vocab_size=384, d_model=32, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
            decoder_ffn_dim=64, max_position_embeddings=300, pad_token_id=0, bos_token_id=2,
            eos_token_id=1, decoder_start_token_id=2, forced_eos_token_id=None, init_std=0.3,
        )
    ).eval()  # fmt: skip
    with torch.no_grad():  # biases matter for BART's scores; fresh ones are zero
        for layer in model.model.decoder.layers:
            layer.encoder_attn.q_proj.bias.normal_()
            layer.encoder_attn.k_proj.bias.normal_()
    return model


@pytest.fixture(params=["t5", "bart"])
def stock(request: pytest.FixtureRequest) -> torch.nn.Module:
    return tiny_t5() if request.param == "t5" else tiny_bart()


def reader_over(stock: torch.nn.Module, **options: object) -> Reader:
    return Reader(
        copy.deepcopy(stock), ByT5Tokenizer(), name="tiny", max_answer_tokens=8, **options
    )


def test_equals_slow_reference_for_batches_of_different_sizes(stock):
    reader = reader_over(stock)
    requests = [
        ReadRequest("Who wrote notes?", PASSAGES[:1]),
        ReadRequest("What was not built in a day?", PASSAGES),
        ReadRequest("Which animal?", PASSAGES[1:3]),
    ]
    readings = reader.read(requests, tokens=True)
    for request, reading in zip(requests, readings, strict=True):
        slow = slow_read(stock, ByT5Tokenizer(), request.question, request.passages, 8)
        assert reading.attention == pytest.approx(slow.attention, abs=1e-5)
        ids = slow.ids
        assert reading.answer == ByT5Tokenizer().decode(ids, skip_special_tokens=True).strip()
        for ours, theirs in zip(reading.tokens, slow.token_scores, strict=True):
            assert [score for _, score in ours] == pytest.approx(theirs, abs=1e-5)


def test_order_of_passages_only_permutes_the_scores(stock):
    reader = reader_over(stock)
    there, back = reader.read([ReadRequest("Who?", PASSAGES), ReadRequest("Who?", PASSAGES[::-1])])
    assert there.answer == back.answer
    assert there.attention == pytest.approx(back.attention[::-1], abs=1e-5)


def test_batch_mates_change_nothing(stock):
    reader = reader_over(stock)
    request = ReadRequest("Which animal?", PASSAGES[:2])
    alone = reader.read([request])[0]
    crowded = reader.read([ReadRequest("A much longer question " * 5, PASSAGES), request])[1]
    assert crowded.answer == alone.answer
    assert crowded.attention == pytest.approx(alone.attention, abs=1e-5)
    assert crowded.confidence == pytest.approx(alone.confidence, abs=1e-5)


def test_scores_are_the_weights_of_eager_attention_before_softmax(stock):
    """softmax(own scores) must equal what the library's eager attention reports."""
    from transformers.modeling_outputs import BaseModelOutput

    reader = reader_over(stock)
    reading = reader.read([ReadRequest("Who?", PASSAGES[:2])], tokens=True)[0]
    stock.set_attn_implementation("eager")
    tokenizer = ByT5Tokenizer()
    states = []
    for p in PASSAGES[:2]:
        ids = tokenizer(f"question: Who? title: {p.title} context: {p.text}", return_tensors="pt")
        states.append(stock.get_encoder()(ids.input_ids).last_hidden_state[0])
    with torch.no_grad():
        out = stock(
            encoder_outputs=BaseModelOutput(last_hidden_state=torch.cat(states)[None]),
            decoder_input_ids=torch.tensor([[stock.config.decoder_start_token_id]]),
            output_attentions=True, use_cache=False,
        )  # fmt: skip
    # log-weights are scores up to one constant per layer and head, so their mean is too
    mean_log = torch.stack(out.cross_attentions).log().mean(dim=(0, 1, 2))[0]
    ours = torch.tensor([score for segment in reading.tokens for _, score in segment])
    assert torch.allclose(mean_log - mean_log.mean(), ours - ours.mean(), atol=1e-4)


def test_greedy_equals_the_librarys_generate(stock):
    from transformers.modeling_outputs import BaseModelOutput

    reader = reader_over(stock)
    tokenizer = ByT5Tokenizer()
    ids = tokenizer("question: Who? title: Title 0 context: Ada wrote notes.", return_tensors="pt")
    states = stock.get_encoder()(ids.input_ids).last_hidden_state
    wanted = stock.generate(
        encoder_outputs=BaseModelOutput(last_hidden_state=states), max_new_tokens=8, do_sample=False
    )
    reading = reader.read([ReadRequest("Who?", PASSAGES[:1])])[0]
    assert reading.answer == tokenizer.decode(wanted[0], skip_special_tokens=True).strip()


def test_no_repeat_rule_of_the_checkpoint_is_kept(stock):
    """A starter reader's checkpoint forbids repeated n-grams; greedy search must obey."""
    stock.generation_config.no_repeat_ngram_size = 1
    reader = reader_over(stock)
    decoded = [p for p in reader.stream(ReadRequest("Who?", PASSAGES)) if isinstance(p, Reading)]
    loose = reader_over(tiny_t5() if stock.config.model_type == "t5" else tiny_bart())
    assert decoded[-1].answer != loose.read([ReadRequest("Who?", PASSAGES)])[0].answer


def test_beams_score_like_greedy(stock):
    greedy = reader_over(stock, num_beams=1).read([ReadRequest("Who?", PASSAGES)])[0]
    beams = reader_over(stock, num_beams=3).read([ReadRequest("Who?", PASSAGES)])[0]
    assert beams.attention == pytest.approx(greedy.attention, abs=1e-5)
    assert 0.0 <= beams.confidence <= 1.0


def test_stream_ends_with_the_same_reading(stock):
    reader = reader_over(stock)
    request = ReadRequest("Which animal?", PASSAGES)
    *pieces, last = list(reader.stream(request))
    assert all(isinstance(piece, str) for piece in pieces)
    assert last == reader.read([request])[0]


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_aggregation_is_finite_and_follows_permutations(stock, aggregation):
    reader = reader_over(stock)
    there, back = reader.read(
        [ReadRequest("Who?", PASSAGES), ReadRequest("Who?", PASSAGES[::-1])], aggregation
    )
    assert there.attention == pytest.approx(back.attention[::-1], abs=1e-5)
    assert len(set(there.attention)) == len(PASSAGES)


def test_unknown_aggregation_lists_the_valid_ones(stock):
    with pytest.raises(BadRequest, match="max_tokens"):
        reader_over(stock).read([ReadRequest("Who?", PASSAGES)], aggregation="median")


def test_no_passages_is_refused(stock):
    with pytest.raises(BadRequest, match="at least 1"):
        reader_over(stock).read([ReadRequest("Who?", ())])


def test_unknown_model_says_what_to_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UnknownModel, match="REREAD_READER"):
        Reader.load("no-such-owner/no-such-model")


def test_saved_checkpoint_reads_the_same(stock, tmp_path):
    stock.save_pretrained(tmp_path / "m")
    ByT5Tokenizer().save_pretrained(tmp_path / "m")
    request = ReadRequest("Who?", PASSAGES)
    loaded = Reader.load(str(tmp_path / "m"), device="cpu", max_answer_tokens=8)
    ours, theirs = loaded.read([request])[0], reader_over(stock).read([request])[0]
    assert ours.answer == theirs.answer
    assert ours.attention == pytest.approx(theirs.attention, abs=1e-6)
    assert loaded.folder == (tmp_path / "m").resolve()


@pytest.mark.parametrize("tail", [".", ". We want to know where HR sits."])
def test_a_long_question_leaves_its_passages_their_room(tail):
    # A pasted trace of 1,400 characters pushed every passage out of the segment, without a word.
    reader = reader_over(tiny_bart())
    trace = " ".join(f"File module_{n}.py, line {n}" for n in range(60))
    question = f"Where does HR sit, {trace}{tail}"
    text = "HR sits on the second floor."
    long = Passage("b", "", "x" * 300)
    [cut] = reader.read([ReadRequest(question, (Passage("a", "Rooms", text), long))])
    first, second = cut_segments(question, (Passage("a", "Rooms", text), long), reader.tokenizer)
    assert first.text.startswith("question: Where does HR sit") and text in first.text
    assert first.question_cut and first.seen == len(text) and 0 < second.seen < 300
    assert first.text[: first.question_end] == second.text[: second.question_end]
    assert first.text[: first.question_end].endswith(question[-20:])
    assert len(second.ids) == 250
    assert cut.warnings == (
        CUT_QUESTION,
        f"Only the beginning of these passages was read, in characters: b ({second.seen} of 300).",
    )
    [plain] = reader.read([ReadRequest("Where does HR sit?", (Passage("a", "Rooms", text),))])
    assert plain.warnings == ()


def test_a_question_takes_what_its_passages_leave_free():
    tokenizer = ByT5Tokenizer()
    held = (Passage("a", "", "short"),)
    for length in (62, 190, 600):
        question = "".join(chr(97 + n % 26) for n in range(length))
        [segment] = cut_segments(question, held, tokenizer)
        assert "context: short" in segment.text and segment.seen == 5
        assert segment.question_cut == (length == 600)


def test_what_a_pasted_trace_stands_beside_is_what_is_asked():
    asks = json.loads(field_case("long-question", "asks.json").read_text())
    lines = field_case("long-question", "docs.jsonl").read_text().splitlines()
    docs = [Passage(**json.loads(line)) for line in lines]
    held = tuple(sorted(docs, key=lambda one: "HR" not in one.text)[:10])
    reader = load_reader("starter-small", device="cpu")
    readings = [reader.read([ReadRequest(question, held)])[0] for question in asks.values()]
    assert [one.answer for one in readings] == ["on the second floor beside the lift"] * 3
    assert [one.warnings for one in readings] == [(), (CUT_QUESTION,), (CUT_QUESTION,)]
