"""The service over real models: what it says is what retriever and reader say by themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index_builder.build.generation import build_generation
from index_builder.build.plan import Plan
from reread.artefacts.generation import Generation
from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home
from reread.reader.reader import Reader
from reread.reading import AGGREGATIONS, ReadRequest
from reread.records import Passage
from tests.reread.reader.test_reader import reader_over, tiny_bart
from tests.service.routes.test_answers import parse_events
from tests.worlds.serving import Running, running, until
from tests.worlds.tiny import ANIMALS, FILLERS, make_encoder

PASSAGES = [
    Passage(f"a{i}", "", f"the {animal} is {FILLERS[i]} near the {ANIMALS[i - 1]}")
    for i, animal in enumerate(ANIMALS)
]
QUESTION = "where is the fox near"  # a word that every passage shares


@pytest.fixture(scope="module")
def reader() -> Reader:
    return reader_over(tiny_bart())


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, reader: Reader) -> Iterator[Running]:
    home = Home(tmp_path_factory.mktemp("home")).create()
    with committed_dir(home.passages_dir / "1") as scratch:
        PassageStore.create(scratch, PASSAGES)
    encoder = make_encoder(tmp_path_factory.mktemp("encoder"))
    build_generation(home, Plan("dense", str(encoder), verify=lambda _: {}))
    with running(home.root, None, reader) as service:
        until(lambda: service.parts.pipeline.live.number == 1)
        yield service


def test_an_answer_is_what_retriever_and_reader_say(real: Running, reader: Reader) -> None:
    body = real.ask(question=QUESTION, top_k=4).json()
    generation = Generation.open(Home(real.home.root), 1)
    [hits] = generation.search([QUESTION], 4)
    passages = generation.passages.get([hit.row for hit in hits])
    [reading] = reader.read([ReadRequest(QUESTION, tuple(passages))])
    assert [one["id"] for one in body["passages"]] == [one.id for one in passages]
    scores = [one["retrieval_score"] for one in body["passages"]]
    assert scores == pytest.approx([hit.score for hit in hits], abs=1e-5)
    assert scores == sorted(scores, reverse=True)
    attention = [one["attention"] for one in body["passages"]]
    assert attention == pytest.approx(reading.attention, abs=1e-4)
    relevance = [one["relevance"] for one in body["passages"]]
    assert relevance == pytest.approx(reading.relevance, abs=1e-4)
    assert body["answer"] == reading.answer
    assert body["confidence"] == pytest.approx(reading.confidence, abs=1e-5)
    assert body["timings_ms"]["embed"] > 0 and body["timings_ms"]["read"] > 0


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_aggregation_comes_from_the_reader(
    real: Running, reader: Reader, aggregation: str
) -> None:
    own = [{"title": "Fox", "text": "the fox is red"}, {"text": "the owl is old"}]
    asked = {"question": QUESTION, "passages": own, "aggregation": aggregation, "tokens": True}
    body = real.client.post("/relevance", json=asked).json()
    texts = (Passage("0", "Fox", "the fox is red"), Passage("1", "", "the owl is old"))
    [reading] = reader.read([ReadRequest(QUESTION, texts)], aggregation, tokens=True)
    found = [one["attention"] for one in body["passages"]]
    assert found == pytest.approx(reading.attention, abs=1e-4)
    assert reading.tokens is not None
    for one, tokens in zip(body["passages"], reading.tokens, strict=True):
        assert [text for text, _ in one["tokens"]] == [text for text, _ in tokens]
        assert [g for _, g in one["tokens"]] == pytest.approx([g for _, g in tokens], abs=1e-4)


def test_a_stream_ends_with_the_plain_answer(real: Running) -> None:
    plain = real.ask(question=QUESTION, top_k=3).json()
    events = parse_events(real.ask(question=QUESTION, top_k=3, stream=True).text)
    assert [name for name, _ in events if name != "token"] == ["passages", "done"]
    done = events[-1][1]
    assert done["answer"] == plain["answer"]
    pieces = "".join(str(data["text"]) for name, data in events if name == "token")
    assert pieces == done["answer"]
    for mine, theirs in zip(done["passages"], plain["passages"], strict=True):  # type: ignore[call-overload]
        assert mine["attention"] == pytest.approx(theirs["attention"], abs=1e-4)


def test_info_tells_where_the_models_are(real: Running) -> None:
    info = real.client.get("/info").json()
    assert (info["reader"]["name"], info["reader"]["family"]) == ("tiny", "bart")
    assert info["retriever"]["kind"] == "dense" and info["retriever"]["dimension"] == 32
    assert info["fast_path"] == info["reader"]["fast_path"]


def test_readings_together_are_readings_alone(real: Running) -> None:
    questions = [f"where is the {animal}" for animal in ANIMALS[:5]]
    batch = {"questions": questions, "top_k": 3}
    together = real.client.post("/answer/batch", json=batch).json()["answers"]
    for question, answered in zip(questions, together, strict=True):
        alone = real.ask(question=question, top_k=3).json()
        assert answered["answer"] == alone["answer"]
        found = [one["attention"] for one in answered["passages"]]
        assert found == pytest.approx([one["attention"] for one in alone["passages"]], abs=1e-4)


def test_the_home_is_not_changed_by_answering(real: Running) -> None:
    def files() -> set[Path]:
        return {one for one in real.home.root.rglob("*") if one.is_file() and "log" not in str(one)}

    before = files()
    real.ask(question=QUESTION)
    assert files() == before


def ask_streaming(real: Running, asked: dict[str, object]) -> str:
    with real.client.stream("POST", "/answer", json={**asked, "stream": True}) as response:
        return str(parse_events("".join(response.iter_text()))[-1][1]["id"])


def test_what_was_logged_is_what_relevance_computes(real: Running) -> None:
    asked = {"question": QUESTION, "top_k": 4}
    for answer_id in (real.ask(**asked).json()["id"], ask_streaming(real, asked)):
        for aggregation in AGGREGATIONS:
            live = real.client.post("/relevance", json={**asked, "aggregation": aggregation}).json()
            kept = real.client.get(
                f"/relevance/{answer_id}", params={"aggregation": aggregation}
            ).json()
            assert kept["aggregation"] == aggregation
            for name in ("attention", "relevance"):
                assert [one[name] for one in kept["passages"]] == pytest.approx(
                    [one[name] for one in live["passages"]], rel=1e-6, abs=1e-7
                )
        plain = real.client.get(f"/relevance/{answer_id}").json()
        assert plain["aggregation"] == "mean"


def test_an_unknown_logged_aggregation_lists_the_known_ones(real: Running) -> None:
    answer_id = real.ask(question=QUESTION, top_k=2).json()["id"]
    refused = real.client.get(f"/relevance/{answer_id}", params={"aggregation": "loudest"})
    assert refused.status_code == 422
    assert "max_tokens" in refused.json()["detail"]
