"""The Python client against a real service: waiting and awaited say the same."""

import asyncio
import inspect
from collections.abc import Iterator

import pytest

from reread.client import Answer, AsyncClient, Client, ServiceProblem, Span
from service.answering.answered import NOTHING_SHARED
from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import Running, running

QUESTION = "wells of town 3"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path_factory.mktemp("home"), shelf, query_keys=("key",)) as service:
        yield service


@pytest.fixture
def client(service: Running) -> Iterator[Client]:
    with Client(service.url, "key") as client:
        yield client


def test_an_answer_is_typed(client: Client) -> None:
    answer = client.ask(QUESTION, top_k=2)
    assert (answer.answer, answer.found, answer.generation) == ("Town 3 of edition 1", True, 1)
    assert [one.id for one in answer.passages] == ["p3", "p0"]
    assert answer.passages[0].attention == 4.0
    assert answer.spans == (Span("p3", 0, 19),)
    own = client.ask("hills or wells", passages=[{"text": "hills"}, {"title": "t", "text": "Oslo"}],
                     history=[("Oslo", "a town")])  # fmt: skip
    assert [one.attention for one in own.passages] == [1.0, 1.0]
    lost = client.ask("nothing stands here")
    assert (lost.found, lost.answer, lost.warnings) == (False, "", (NOTHING_SHARED,))


def test_a_stream_ends_with_the_whole(client: Client) -> None:
    *pieces, whole = client.stream(QUESTION, top_k=2)
    assert isinstance(whole, Answer) and "".join(pieces) == whole.answer  # type: ignore[arg-type]
    with pytest.raises(ServiceProblem, match="1 to 2000 characters"):
        list(client.stream(" "))


def test_search_relevance_feedback_and_batches(client: Client, service: Running) -> None:
    assert [one.id for one in client.search("town 7", top_k=1)] == ["p7"]
    weighed = client.relevance(QUESTION, top_k=1, tokens=True, aggregation="max_heads")
    assert weighed.aggregation == "max_heads"
    assert weighed.passages[0].tokens is not None and weighed.passages[0].tokens[0] == ("Town", 1.0)
    answer = client.ask(QUESTION)
    client.feedback(answer.id, "wrong", answer="four", passage_ids=["p3"])
    [kept] = service.parts.history._log.feedback(answer.id)
    assert (kept.verdict, kept.answer, kept.passage_ids) == ("wrong", "four", ("p3",))
    good, bad = client.ask_all([QUESTION, " "], top_k=1)
    assert isinstance(good, Answer) and isinstance(bad, ServiceProblem) and bad.status == 422


def test_admin_calls_need_the_admin_key(client: Client, service: Running) -> None:
    with pytest.raises(ServiceProblem, match="send the admin key") as caught:
        client.retrain()
    assert caught.value.status == 403
    with Client(service.url, "admin-secret") as admin:
        job = admin.retrain(epochs=1)
        assert (job.state, job.ended) == ("queued", False)
        assert admin.job(job.id).id == job.id
        assert admin.generations() == []  # the shelf's are in memory
        assert admin.info()["reader"]["name"] == "echo"


def test_nobody_there_is_one_sentence() -> None:
    with (
        Client("http://127.0.0.1:9") as client,
        pytest.raises(ServiceProblem, match="`reread serve`"),
    ):
        client.ask("x")


def test_awaiting_says_the_same(service: Running) -> None:
    async def talk() -> None:
        async with AsyncClient(service.url, "key") as client:
            answers = await asyncio.gather(*(client.ask(f"wells of town {i}") for i in (3, 4)))
            assert [one.answer for one in answers] == [f"Town {i} of edition 1" for i in (3, 4)]
            pieces = [piece async for piece in client.stream(QUESTION)]
            assert isinstance(pieces[-1], Answer) and "".join(pieces[:-1]) == pieces[-1].answer
            assert (await client.search("town 7", top_k=1))[0].id == "p7"
            with pytest.raises(ServiceProblem, match="1 to 2000"):
                await client.relevance(" ")

    asyncio.run(talk())


def test_both_clients_have_the_same_methods_and_arguments() -> None:
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if not name.startswith("_"):
            other = inspect.signature(getattr(AsyncClient, name))
            assert list(inspect.signature(method).parameters) == list(other.parameters), name
