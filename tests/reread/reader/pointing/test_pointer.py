"""Pointed answers against a slow search, and readers that point against their own passages."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, ByT5Tokenizer

from reread.errors import UnknownModel
from reread.reader.confidence import REFUSED, Calibration, Logistic, ReaderNotes
from reread.reader.loading import SMALL_STARTER, load_reader, reader_folder
from reread.reader.pointing.pointed import reading_of
from reread.reader.pointing.pointer import (
    NEVER,
    POINTER_FILE,
    Pointed,
    SpanHead,
    body_mask,
    load_pointer,
    point,
)
from reread.reader.segments import Segment, cut_segments
from reread.reading import Reading, ReadRequest, Span
from reread.records import Passage
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from trainer.reader.pointing.recipe import load_pointing_base

PASSAGES = (
    Passage("a", "Pumps", "The pump moves 1,250 litres an hour. LOG_DIR is /var/log."),
    Passage("b", "", "Rain fell on day 12.\nSnow: none\nHail: on day 14"),
    Passage("c", "C++", "Prices: £2.75 (5.00 pence); naïve cafés."),
)
QUESTION = "How much does the pump move?"


@pytest.fixture(scope="module")
def segments() -> list[Segment]:
    tokenizer = AutoTokenizer.from_pretrained(reader_folder(SMALL_STARTER))
    return cut_segments(QUESTION, PASSAGES, tokenizer)


def test_logits_are_those_of_a_slow_reading(segments: list[Segment]) -> None:
    torch.manual_seed(1)
    head, lengths = SpanHead(6), [len(one.ids) for one in segments]
    states = torch.randn(sum(lengths), 6)
    body = body_mask(segments)
    begins = head.begin_logits(states, lengths, body)
    from_where = torch.tensor([7, lengths[0] + 12, sum(lengths) - 2])
    ends = head.end_logits(states, lengths, body, from_where)
    at, owner, own = 0, [], []
    verdicts = []
    for k, segment in enumerate(segments):
        verdicts.append(head.verdicts.weight @ states[at] + head.verdicts.bias)
        for left, right in segment.offsets:
            inside = left >= segment.text.index("context: ") + len("context: ") and right > left
            wanted = head.begins.weight[0] @ states[at] + head.begins.bias[0]
            assert float(begins[at].detach()) == (
                pytest.approx(float(wanted.detach()), abs=1e-5) if inside else NEVER
            )
            owner.append(k)
            own.append(inside)
            at += 1
    assert len(begins) == at + 3 and ends.shape == (3, at)
    for row, i in zip(ends, from_where.tolist(), strict=True):
        for j in range(at):
            if owner[j] != owner[i] or j < i or not own[j]:
                assert float(row[j].detach()) == NEVER
                continue
            link = (head.leaving.weight @ states[i]) @ (head.arriving.weight @ states[j])
            wanted = link / math.sqrt(128) + head.ends.weight[0] @ states[j] + head.ends.bias[0]
            assert float(row[j].detach()) == pytest.approx(float(wanted.detach()), abs=1e-5)
    verdicts = [one.detach() for one in verdicts]
    nothing = sum(float(one[0]) for one in verdicts) / 3
    yes = math.log(sum(math.exp(float(one[1])) for one in verdicts) / 3)
    no = math.log(sum(math.exp(float(one[2])) for one in verdicts) / 3)
    assert begins[at:].tolist() == pytest.approx([nothing, yes, no], abs=1e-5)


def test_the_likeliest_place_is_found_by_a_slow_search(segments: list[Segment]) -> None:
    torch.manual_seed(2)
    lengths, body = [len(one.ids) for one in segments], body_mask(segments)
    tokens = sum(lengths)
    kinds = set()
    for seed in range(40):
        head = SpanHead(6).requires_grad_(False)
        with torch.no_grad():
            head.begins.weight.mul_(6)
            head.ends.weight.mul_(4)
            head.leaving.weight.mul_(5)
            head.verdicts.bias.add_(3 * (seed % 4) - 3)
        states = torch.randn(tokens, 6)
        begin = torch.softmax(head.begin_logits(states, lengths, body), 0)
        place = torch.arange(tokens)
        end = torch.softmax(head.end_logits(states, lengths, body, place), 1)
        totals = {"yes!": float(begin[tokens + 1]), "no!": float(begin[tokens + 2])}
        likeliest: dict[str, tuple[float, float, str]] = {}
        first = 0
        for segment, size in zip(segments, lengths, strict=True):
            for i in range(size):
                for j in range(i, min(size, i + 5)):
                    if body[first + i] and body[first + j]:
                        ending = float(end[first + i, first + j])
                        both = float(begin[first + i]) * ending
                        text = segment.text[segment.offsets[i][0] : segment.offsets[j][1]]
                        name = text.lower()
                        totals[name] = totals.get(name, 0.0) + both
                        likeliest[name] = max(likeliest.get(name, (0.0, 0.0, "")),
                                              (both, ending, text))  # fmt: skip
            first += size
        name, other = sorted(totals, key=lambda one: -totals[one])[:2]
        if name in likeliest:
            _, ending, text = likeliest[name]
            chances = (totals[name] / ending, ending)
        else:
            text, chances = name[:-1], (totals[name],)
        found = point(head, states, segments, longest=5)
        assert found.text == text
        assert found.chances == pytest.approx(chances, rel=0.1)  # places not tried hold little
        assert found.nothing == pytest.approx(float(begin[tokens]), rel=1e-4)
        assert found.rival == pytest.approx(totals[other] / totals[name], rel=0.1)
        if found.place is not None:
            assert PASSAGES[found.place].text[found.start : found.end] == text
        kinds.add(text if found.place is None else found.place)
    assert len(kinds) >= 4


def test_an_answer_gathers_what_its_places_say() -> None:
    """Two passages name one port, in other letters; one place of another is likelier than either,
    and is not believed."""
    tokenizer = AutoTokenizer.from_pretrained(reader_folder(SMALL_STARTER))
    passages = [Passage("a", "", "Bergen is the port."), Passage("b", "", "It sails to BERGEN."),
                Passage("c", "", "Oslo has a port.")]  # fmt: skip
    segments = cut_segments("Which port?", passages, tokenizer)
    pieces = [one.text[a:b] for one in segments for a, b in one.offsets]
    head, states = SpanHead(3).requires_grad_(False), torch.zeros(len(pieces), 3)
    for name, row in (("Bergen", [1.0, 0, 0]), ("BERGEN", [0, 1.0, 0]), ("Oslo", [0, 0, 1.0])):
        states[pieces.index(name)] = torch.tensor(row)
    with torch.no_grad():
        for part in head.parameters():
            part.zero_()
        head.begins.weight[0] = torch.tensor([8.0, 7.9, 8.3])
        head.ends.weight[0] = torch.tensor([20.0, 20.0, 20.0])
    found = point(head, states, segments)
    assert (found.text, found.place, found.start, found.end) == ("Bergen", 0, 0, 6)
    shares = torch.softmax(torch.tensor([8.0, 7.9, 8.3, *[0.0] * 3]), 0)  # and little else
    assert found.rival == pytest.approx(math.exp(8.3) / (math.exp(8.0) + math.exp(7.9)), rel=1e-2)
    assert found.chances[0] == pytest.approx(float(shares[:2].sum()), abs=0.02)
    with torch.no_grad():
        head.begins.weight[0, 1] = 2.0
    assert point(head, states, segments).text == "Oslo"


def test_an_end_belongs_to_its_beginning(segments: list[Segment]) -> None:
    """Told independently, the likeliest beginning and the likeliest end of two answers made one
    that ran from the one into the other."""
    lengths = [len(one.ids) for one in segments]
    texts = [segments[1].text[left:right] for left, right in segments[1].offsets]
    none, fourteen = (lengths[0] + texts.index(one) for one in ("none", "14"))
    head, states = SpanHead(4).requires_grad_(False), torch.zeros(sum(lengths), 4)
    states[none], states[fourteen] = torch.tensor([1.0, 0, 0, 0]), torch.tensor([0, 1.0, 0, 0])
    with torch.no_grad():
        for part in head.parameters():
            part.zero_()
        head.begins.weight[0] = torch.tensor([5.0, 4.9, 0, 0])
        head.ends.weight[0] = torch.tensor([4.0, 4.5, 0, 0])  # alone, "14" ends best
        head.leaving.weight[0] = head.arriving.weight[0] = torch.tensor([6.0, 0, 0, 0])
    assert point(head, states, segments).text == "none"
    with torch.no_grad():
        head.begins.weight[0, 1], head.leaving.weight[0, 0] = 3.0, -6.0
    assert point(head, states, segments).text == "none\nHail: on day 14"


def test_a_heads_file_comes_back_and_another_width_is_refused(tmp_path: Path) -> None:
    head = SpanHead(8)
    head.save(tmp_path)
    found = load_pointer(tmp_path, 8, torch.device("cpu"))
    assert found is not None
    assert torch.equal(found.ends.weight, head.ends.weight.to(torch.bfloat16).float())
    assert load_pointer(tmp_path / "none", 8, torch.device("cpu")) is None
    with pytest.raises(UnknownModel, match="no pointing head for states of width 9"):
        load_pointer(tmp_path, 9, torch.device("cpu"))


def test_a_damaged_head_is_one_sentence_whose_remedy_works(tmp_path: Path) -> None:
    folder = Path(save_tiny_pointing(tmp_path / "reader"))
    file = folder / POINTER_FILE
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(UnknownModel, match="remove it to decode answers") as refused:
        load_reader(str(folder), dtype="float32")
    assert str(file) in str(refused.value) and "\n" not in str(refused.value)
    file.unlink()
    assert load_reader(str(folder), dtype="float32").info()["answers"] == "decoded"


def test_a_head_of_the_form_before_is_one_sentence(tmp_path: Path) -> None:
    """Its beginnings and ends were two weights a token, told apart."""
    folder = Path(save_tiny_pointing(tmp_path / "reader"))
    before = {"ends.weight": torch.zeros(2, 32), "ends.bias": torch.zeros(2),
              "verdicts.weight": torch.zeros(3, 32), "verdicts.bias": torch.zeros(3)}  # fmt: skip
    save_file(before, folder / POINTER_FILE)
    with pytest.raises(UnknownModel, match="remove it to decode answers, and then teach") as said:
        load_reader(str(folder), dtype="float32")
    assert "\n" not in str(said.value)
    with pytest.raises(UnknownModel, match="remove it to decode answers"):
        load_pointing_base(str(folder), 0)
    (folder / POINTER_FILE).unlink()  # the remedy, followed
    model, _ = load_pointing_base(str(folder), 0)
    assert model.head.begins.weight.shape == (1, 32)


def test_a_tokenizer_without_characters_cannot_point(tmp_path: Path) -> None:
    folder = Path(save_tiny_pointing(tmp_path / "reader"))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    ByT5Tokenizer().save_pretrained(folder)
    with pytest.raises(UnknownModel, match="nothing can be pointed at; use a checkpoint with a"):
        load_reader(str(folder), dtype="float32")


def test_answers_are_no_longer_than_asked_for(tmp_path: Path) -> None:
    """The setting was for decoded answers alone."""
    folder = Path(save_tiny_pointing(tmp_path / "reader"))
    head = SpanHead(32)
    with torch.no_grad():  # it begins where a state is high and ends where it is low
        for part in (head.begins, head.ends, head.verdicts, head.leaving):
            part.weight.zero_()
        head.begins.weight[0, 0], head.ends.weight[0, 0] = 5.0, -5.0
        head.verdicts.bias.fill_(-50.0)
    head.save(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    lengths = {}
    for most in (1, 3, None):
        reader = load_reader(str(folder), dtype="float32", max_answer_tokens=most)
        draft = reader.read([ReadRequest(QUESTION, PASSAGES)])[0].draft
        lengths[most] = len(tokenizer(draft, add_special_tokens=False)["input_ids"])
    assert lengths[1] == 1 and lengths[3] <= 3 < lengths[None], lengths


@pytest.mark.parametrize("seed", range(4))
def test_a_pointing_reader_says_a_passages_characters(tmp_path: Path, seed: int) -> None:
    reader = load_reader(save_tiny_pointing(tmp_path / "reader", seed=seed), dtype="float32")
    assert reader.info()["answers"] == "pointed"
    other = ReadRequest("When did rain fall?", PASSAGES[1:])
    both = reader.read([ReadRequest(QUESTION, PASSAGES), other], tokens=True)
    alone = reader.read([other])[0]
    assert both[1].answer == alone.answer
    assert both[1].attention == pytest.approx(alone.attention, abs=1e-5)
    texts = {one.id: one.text for one in PASSAGES}
    for reading in both:
        assert reading.draft, "there is always a best answer"
        assert reading.answer == (reading.draft if reading.found else "")
        assert [texts[s.passage][s.start : s.end] for s in reading.spans] in (
            [reading.answer], []
        )  # fmt: skip
        assert reading.tokens is not None and len(reading.tokens) == len(reading.attention)
    *pieces, last = reader.stream(ReadRequest(QUESTION, PASSAGES))
    assert isinstance(last, Reading) and last.answer == "".join(map(str, pieces)) == both[0].answer


def test_what_a_pointing_reader_did_not_read_is_said(tmp_path: Path) -> None:
    reader = load_reader(save_tiny_pointing(tmp_path / "reader"), dtype="float32")
    long = Passage("9", "", "A pump moves water uphill. " * 120)
    (reading,) = reader.read([ReadRequest(QUESTION, (long,))])
    assert len(reading.warnings) == 1


def test_without_a_head_answers_are_decoded(tmp_path: Path) -> None:
    reader = load_reader(save_tiny_pointing(tmp_path / "reader", head=False), dtype="float32")
    assert reader.info()["answers"] == "decoded"


def test_a_refusal_is_sure_of_little_however_likely_its_ends_are() -> None:
    passages = (Passage("a", "", "red fox"),)
    scores = {"mean": (1.0,), "max_heads": (2.0,)}
    for nothing, found, sure in ((0.6, False, REFUSED), (0.4, True, 0.45)):
        pointed = Pointed("fox", nothing, (0.5, 0.4), 0, 4, 7)
        reading = reading_of(pointed, passages, scores, "max_heads", ReaderNotes(), None)
        assert (reading.found, reading.answer) == (found, "fox" if found else "")
        assert reading.confidence == pytest.approx(sure) and reading.draft == "fox"
        assert reading.spans == ((Span("a", 4, 7),) if found else ())
        assert reading.attention == (2.0,) and reading.scores == scores


@pytest.mark.parametrize(("asked", "found"), [(None, True), (0.6, False), (0.5, True)])
def test_the_bound_that_was_asked_for_stands_before_the_calibrations(
    asked: float | None, found: bool
) -> None:
    even = Logistic(0.0, {})  # 0.5, whatever is read
    notes = ReaderNotes(calibration=Calibration("reader", even, even, 0.4))
    pointed = Pointed("fox", 0.9, (0.5, 0.4), 0, 4, 7)
    reading = reading_of(
        pointed, (Passage("a", "", "red fox"),), {"mean": (1.0,)}, "mean", notes, asked
    )
    assert (reading.found, reading.answer) == (found, "fox" if found else "")
    assert reading.confidence == (0.5 if found else REFUSED)


def test_nothing_is_refused_without_a_calibration(tmp_path: Path) -> None:
    """Where "nothing" is likelier than not; the draft is kept."""
    folder = tmp_path / "reader"
    save_tiny_pointing(folder)
    head = SpanHead(32)
    with torch.no_grad():
        head.verdicts.bias.copy_(torch.tensor([50.0, 0.0, 0.0]))
    head.save(folder)
    reading = load_reader(str(folder), dtype="float32").read([ReadRequest(QUESTION, PASSAGES)])[0]
    assert (reading.found, reading.answer, reading.spans) == (False, "", ())
    assert reading.draft and reading.confidence <= 0.05
