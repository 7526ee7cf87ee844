"""The causal reader from a checkpoint folder to answers, scores, spans, refusals and warnings."""

import json

import pytest
import torch

from reread.errors import BadRequest, UnknownModel
from reread.reader.causal.loading import load_causal
from reread.reader.causal.reader import Limits
from reread.reader.causal.strings import cut_blocks, prompt_ids
from reread.reader.confidence import READER_FILE, weights_of
from reread.reader.loading import load_reader
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.causal.tiny_causal import save_tiny_causal

PASSAGES = (
    Passage("a", "Orion X2", "The tank of the Orion X2 holds 1,250 litres."),
    Passage("b", "Folders", "Set LOG_DIR to the folder of the log files: it is read at the start."),
    Passage("c", "", "red fox, blue hen"),
)
QUESTION = "How much does the tank of the Orion X2 hold?"
NOTES = {"tuned": True, "copied": True, "weights": ""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_causal(tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="module")
def copying_folder(tmp_path_factory):
    made = save_tiny_causal(tmp_path_factory.mktemp("copying"))
    (made / READER_FILE).write_text(json.dumps({**NOTES, "weights": weights_of(made)}))
    return made


def calibrated(folder, tmp_path, refuse_below):
    """The same reader with a calibration that finds an answer with probability one half."""
    made = save_tiny_causal(tmp_path / "calibrated")
    flat = {"bias": 0.0, "weights": {"mean": 0.0}}
    calibration = {"reader": "x", "right": flat, "found": flat, "refuse_below": refuse_below}
    notes = {**NOTES, "weights": weights_of(made), "calibration": calibration}
    (made / READER_FILE).write_text(json.dumps(notes))
    return load_reader(str(made))


def test_a_folder_with_a_causal_model_is_read_as_any_other(folder):
    reader = load_reader(str(folder), dtype="float32")
    (reading,) = reader.read([ReadRequest(QUESTION, PASSAGES)])
    assert len(reading.attention) == 3 and sum(reading.relevance) == pytest.approx(1.0)
    assert reader.info()["family"] == "llama" and reader.info()["answers"] == "free"
    assert reader.info()["folder"] == str(folder.resolve())


def test_scores_are_the_mean_over_a_blocks_tokens_layers_and_heads_whatever_the_engine(folder):
    """Against stock transformers with eager attention on the one block, up to a constant."""
    reader = load_causal(str(folder), dtype="float32", engine="stock")
    (reading,) = reader.read([ReadRequest(QUESTION, PASSAGES[:1])], tokens=True)
    tokenizer, model = reader.tokenizer, reader.engine.model
    block = list(cut_blocks(PASSAGES[:1], tokenizer)[0].ids)
    asked, _ = prompt_ids(QUESTION, reader.style, tokenizer, 700)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        weights = model(torch.tensor([[1, *block, *asked]]), output_attentions=True).attentions
    model.set_attn_implementation("reread_blocks")
    logs = torch.stack(weights)[:, 0, :, -1].log()  # (layers, H, S), scores less a constant a row
    own = logs[..., 1 : 1 + len(block)]
    centred = (own - own.mean(-1, keepdim=True)).mean((0, 1))
    given = torch.tensor([score for _, score in reading.tokens[0]])
    torch.testing.assert_close(given - given.mean(), centred, atol=1e-4, rtol=1e-3)
    assert reading.attention[0] == pytest.approx(float(given.mean()), abs=1e-4)


def test_packed_and_stock_readers_answer_and_weigh_alike(copying_folder):
    packed = load_causal(str(copying_folder), dtype="float32")
    stock = load_causal(str(copying_folder), dtype="float32", engine="stock")
    assert packed.info()["fast_path"] != stock.info()["fast_path"]
    request = ReadRequest(QUESTION, PASSAGES)
    one, other = packed.read([request])[0], stock.read([request])[0]
    assert one.answer == other.answer and one.spans == other.spans
    assert one.attention == pytest.approx(other.attention, abs=1e-4)
    for name in one.scores:
        assert one.scores[name] == pytest.approx(other.scores[name], abs=1e-3), name


def test_an_answer_is_the_characters_of_its_span(copying_folder):
    reader = load_reader(str(copying_folder), dtype="float32")
    by_id = {passage.id: passage.text for passage in PASSAGES}
    for question in (QUESTION, "what is read?", "which fox"):
        (reading,) = reader.read([ReadRequest(question, PASSAGES)])
        assert reading.spans, question
        for span in reading.spans:
            assert by_id[span.passage][span.start : span.end] == reading.answer


def test_a_batch_reads_as_each_alone_and_the_cache_changes_nothing(copying_folder):
    reader = load_reader(str(copying_folder), dtype="float32")
    requests = [ReadRequest(QUESTION, PASSAGES), ReadRequest("which fox", PASSAGES[1:])]
    together = reader.read(requests)
    assert reader.cache.misses == 3 and reader.cache.hits == 2
    fresh = load_reader(str(copying_folder), dtype="float32", limits=Limits(cache_bytes=0))
    for request, reading in zip(requests, together, strict=True):
        (alone,) = fresh.read([request])
        assert alone.answer == reading.answer
        assert alone.attention == pytest.approx(reading.attention, abs=1e-4)
    assert fresh.cache.held_bytes == 0


def test_the_cache_holds_no_more_than_its_limit(copying_folder):
    reader = load_reader(str(copying_folder), dtype="float32", limits=Limits(cache_bytes=40_000))
    for passage in PASSAGES * 2:
        reader.read([ReadRequest("which fox", (passage,))])
    assert 0 < reader.cache.held_bytes <= 40_000


def test_streamed_pieces_spell_the_answer(copying_folder):
    reader = load_reader(str(copying_folder), dtype="float32")
    *pieces, reading = reader.stream(ReadRequest(QUESTION, PASSAGES))
    assert "".join(pieces) in ("", reading.answer)
    assert reading.answer == reader.read([ReadRequest(QUESTION, PASSAGES)])[0].answer


@pytest.mark.parametrize(("refuse_below", "found"), [(0.6, False), (0.4, True)])
def test_below_the_calibrations_bound_nothing_is_answered(folder, tmp_path, refuse_below, found):
    reader = calibrated(folder, tmp_path, refuse_below)
    (reading,) = reader.read([ReadRequest(QUESTION, PASSAGES)])
    assert reading.found is found and bool(reading.answer) is found
    assert (reading.confidence <= 0.05) is not found and bool(reading.spans) is found


def test_a_calibration_of_other_weights_is_refused_with_the_remedy(tmp_path):
    made = save_tiny_causal(tmp_path / "other")
    (made / READER_FILE).write_text(json.dumps({**NOTES, "weights": "0" * 64}))
    with pytest.raises(UnknownModel, match="remove the file, then calibrate this reader"):
        load_reader(str(made))
    (made / READER_FILE).unlink()  # the remedy
    load_reader(str(made))


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"tuned": true, "colour": 1}', '{"calibration": {}}']
)
def test_broken_notes_are_refused_in_a_sentence(tmp_path, text):
    made = save_tiny_causal(tmp_path / "broken")
    (made / READER_FILE).write_text(text)
    with pytest.raises(UnknownModel, match="is not a reader's notes"):
        load_reader(str(made))


def test_a_window_shorter_than_a_passage_is_refused(tmp_path):
    made = save_tiny_causal(tmp_path / "short", max_position_embeddings=256)
    with pytest.raises(UnknownModel, match="sees 256 tokens and reading one passage"):
        load_reader(str(made))


def test_a_gguf_that_is_not_there_or_no_gguf_is_a_sentence(tmp_path):
    with pytest.raises(UnknownModel, match="There is no GGUF file"):
        load_reader(str(tmp_path / "none.gguf"))
    (tmp_path / "bad.gguf").write_bytes(b"GGUF nothing")
    with pytest.raises(UnknownModel, match="bad.gguf|could not be loaded"):
        load_reader(str(tmp_path / "bad.gguf"))


def test_long_passages_and_questions_are_named_in_warnings(copying_folder):
    reader = load_reader(
        str(copying_folder), dtype="float32", limits=Limits(block_tokens=12, prompt_tokens=20)
    )
    (reading,) = reader.read([ReadRequest(QUESTION + " please" * 30, PASSAGES)])
    assert any("was read in part" in one for one in reading.warnings)
    assert any("Only the beginning" in one and "b (" in one for one in reading.warnings)
    for span in reading.spans:
        assert span.end <= 60


def test_a_question_cut_in_its_middle_keeps_both_ends(copying_folder):
    tokenizer = load_reader(str(copying_folder), dtype="float32").tokenizer
    question = "Why " + "x " * 500 + "end?"
    ids, cut = prompt_ids(question, load_reader(str(copying_folder)).style, tokenizer, 40)
    text = tokenizer.decode(ids)
    assert cut and len(ids) <= 40 and text.startswith("Question: Why") and "end?" in text
    assert text.endswith("Answer:")


def test_no_passages_is_a_bad_request(copying_folder):
    with pytest.raises(BadRequest, match="has 0 passages"):
        load_reader(str(copying_folder)).read([ReadRequest(QUESTION, ())])


def test_a_readers_own_heads_make_its_g(tmp_path):
    """Against a loop over layers, heads and tokens."""
    made = save_tiny_causal(tmp_path / "heads")
    means = [[0.5, 0.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0]]
    masses = [[0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.25]]
    notes = {**NOTES, "weights": weights_of(made), "heads": {"means": means, "masses": masses}}
    (made / READER_FILE).write_text(json.dumps(notes))
    reader = load_causal(str(made), dtype="float32")
    request = ReadRequest(QUESTION, PASSAGES)
    opened = reader.prepare(request)
    evidence = opened.gathering.evidence(opened.session.value_norms())
    for k, attention in enumerate(reader.read([request])[0].attention):
        expected = 0.0
        for layer in range(2):
            for head in range(4):
                own = evidence.scores[layer, head, k][evidence.mask[k]].double()
                expected += means[layer][head] * float(own.mean())
                expected += masses[layer][head] * float(own.exp().sum().log())
        assert attention == pytest.approx(expected, abs=1e-4)
    assert reader.info()["scored_by"] == "heads chosen in training"


def test_head_weights_of_another_shape_are_refused(tmp_path):
    made = save_tiny_causal(tmp_path / "shape")
    heads = {"means": [[1.0]], "masses": [[1.0]]}
    (made / READER_FILE).write_text(json.dumps({**NOTES, "heads": heads}))
    with pytest.raises(BadRequest, match="head weights are of 1 layers of 1 heads"):
        load_causal(str(made)).read([ReadRequest(QUESTION, PASSAGES)])
