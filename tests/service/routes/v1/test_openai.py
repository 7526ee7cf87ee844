"""OpenAI's own client, unmodified, against a real service: chat, responses, models, embeddings."""

from collections.abc import Iterator

import openai
import pytest

from tests.worlds.serving import Running, assert_problem

QUESTION = "wells of town 3"
ANSWER = "Town 3 of edition 1"
WAS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "town 5"},
    {"role": "assistant", "content": "Town 5 of edition 1"},
]


@pytest.fixture(scope="module")
def client(service: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_a_chat_is_answered_with_its_citation(client: openai.OpenAI, service: Running) -> None:
    said = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": QUESTION}], temperature=0.2
    )
    [choice] = said.choices
    assert (choice.message.content, choice.finish_reason) == (ANSWER, "stop")
    [cited] = choice.message.annotations or []
    assert cited.url_citation.title == "Town 3" and cited.url_citation.url == "atlas"
    assert (cited.url_citation.start_index, cited.url_citation.end_index) == (0, len(ANSWER))
    assert (said.model, said.object) == ("echo", "chat.completion")
    assert said.usage is not None and said.usage.completion_tokens == 5
    whole = said.model_extra["reread"]  # type: ignore[index]
    assert (whole["answer"], whole["generation"], len(whole["passages"])) == (ANSWER, 1, 10)
    logged = service.client.get(f"/relevance/{said.id.removeprefix('chatcmpl-')}").json()
    assert logged["question"] == QUESTION


def test_a_chat_streams_the_words_that_were_logged(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="reread",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == ANSWER
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None and chunks[-1].usage.total_tokens > 5
    assert len({c.id for c in chunks}) == 1


def test_earlier_messages_are_history(client: openai.OpenAI) -> None:
    """The echo reader counts the words of earlier questions too: town 5's passage wins."""
    messages = [*WAS, {"role": "user", "content": [{"type": "text", "text": "wells"}]}]
    said = client.chat.completions.create(model="reread", messages=messages)  # type: ignore[arg-type]
    assert said.choices[0].message.content == "Town 5 of edition 1"
    long = [turn for _ in range(30) for turn in WAS[1:]]
    many = [*long, {"role": "user", "content": "wells"}]
    said = client.chat.completions.create(model="reread", messages=many)  # type: ignore[arg-type]
    assert said.choices[0].message.content == "Town 5 of edition 1"


def test_nothing_found_is_said_in_words(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(
        model="reread", messages=[{"role": "user", "content": "nothing stands here"}]
    )
    assert said.choices[0].message.content == "The documents do not say."
    assert said.choices[0].message.annotations == []
    assert said.model_extra["reread"]["found"] is False  # type: ignore[index]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ({"messages": [{"role": "system", "content": "x"}]}, "has the role user"),
        ({"messages": []}, "None of the 0 messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "and a text"),
        ({"messages": [{"role": "user", "content": "x" * 2001}]}, "this one has 2001"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "part of type 'image_url'; only text",
        ),
        ({"messages": [{"role": "user", "content": "x"}], "n": 2}, "n is 2"),
        (
            {"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"},
            "calls none",
        ),
    ],
)
def test_what_cannot_be_done_is_a_bad_request(client: openai.OpenAI, wanted, part: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=part) as caught:
        client.chat.completions.create(model="reread", **wanted)
    assert caught.value.body["type"] == "invalid_request_error"  # type: ignore[index]
    assert part in caught.value.body["message"]  # type: ignore[index]


def test_a_response_in_the_newer_shape(client: openai.OpenAI) -> None:
    said = client.responses.create(model="reread", input=QUESTION, metadata={"a": "b"})
    assert (said.output_text, said.status, said.metadata) == (ANSWER, "completed", {"a": "b"})
    [cited] = said.output[0].content[0].annotations  # type: ignore[union-attr]
    assert (cited.type, cited.file_id, cited.filename) == ("file_citation", "p3", "atlas")
    assert said.usage is not None and said.usage.output_tokens == 5
    turns = [*WAS, {"role": "user", "content": [{"type": "input_text", "text": "wells"}]}]
    again = client.responses.create(model="reread", input=turns)  # type: ignore[arg-type]
    assert again.output_text == "Town 5 of edition 1"


def test_a_response_goes_on_from_an_earlier_one(client: openai.OpenAI, service: Running) -> None:
    """As the client's own guide has a conversation: nothing but the new question is sent."""
    first = client.responses.create(model="reread", input="town 5")
    second = client.responses.create(
        model="reread", input="wells", previous_response_id=first.id
    )  # the echo reader counts the words of both
    assert (second.output_text, second.previous_response_id) == ("Town 5 of edition 1", first.id)
    with client.responses.stream(
        model="reread", input="and its wells", previous_response_id=second.id
    ) as stream:
        third = stream.get_final_response()
    assert (third.output_text, third.previous_response_id) == ("Town 5 of edition 1", second.id)
    past, last = service.parts.history, third.id.removeprefix("resp_")
    turns = past.turns_to(last, 10)
    assert [asked.split(" (")[0] for asked, _ in turns] == ["town 5", "wells", "and its wells"]
    assert [said for _, said in turns] == ["Town 5 of edition 1"] * 3
    assert past.turns_to(last, 2) == turns[1:]


def test_a_response_that_is_not_there_is_not_gone_on_from(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="'resp_1' to go on from; send") as caught:
        client.responses.create(model="reread", input="x", previous_response_id="resp_1")
    assert caught.value.code == "previous-response-not-found"
    with pytest.raises(openai.UnprocessableEntityError, match="use previous_response_id"):
        client.responses.create(model="reread", input="x", conversation="conv_1")


def test_a_response_streams_every_event_in_order(client: openai.OpenAI) -> None:
    with client.responses.stream(model="reread", input=QUESTION) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert deltas == 5
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added",
    ]  # fmt: skip
    assert kinds[4 + deltas :] == [
        "response.output_text.annotation.added", "response.output_text.done",
        "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == ANSWER


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [one.id for one in client.models.list()] == ["echo", "retriever"]
    assert client.models.retrieve("echo").owned_by == "reread"
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-4o' here; echo"):
        client.models.retrieve("gpt-4o")


def test_embeddings_come_as_the_client_wants_them(client: openai.OpenAI, service: Running) -> None:
    """The client asks for base64 by itself; the world's vector is (characters, words)."""
    said = client.embeddings.create(model="retriever", input=["one two", "three"])
    assert [one.embedding for one in said.data] == [[7.0, 2.0], [5.0, 1.0]]
    plain = client.embeddings.create(model="x", input="one two", encoding_format="float")
    assert plain.data[0].embedding == [7.0, 2.0]
    with pytest.raises(openai.UnprocessableEntityError, match="dimensions is 3; .* makes 2"):
        client.embeddings.create(model="retriever", input="x", dimensions=3)
    for wrong in ([], [""], [[1, 2]], ["x"] * 257, None):
        response = service.client.post("/v1/embeddings", json={"input": wrong})
        assert response.status_code == 422 and "input" in response.json()["detail"]


def test_a_key_is_needed_where_keys_are_set(tmp_path) -> None:
    from tests.worlds.fakes import Shelf, WordGeneration
    from tests.worlds.serving import running

    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    with running(tmp_path, shelf, query_keys=("secret",)) as service:
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        for path, body in (
            ("/v1/chat/completions", asked), ("/v1/responses", {"input": "x"}),
            ("/v1/embeddings", {"input": "x"}), ("/v1/rerank", {"query": "x", "documents": ["y"]}),
        ):  # fmt: skip
            response = service.client.post(path, json=body)
            assert response.status_code == 401
            assert "needs a key" in response.json()["error"]["message"]
        assert service.client.get("/v1/models").status_code == 401
        assert_problem(service.client.post("/mcp", json={}), 401, "needs a key")
        with openai.OpenAI(base_url=f"{service.url}/v1", api_key="secret") as client:
            said = client.chat.completions.create(model="reread", messages=asked["messages"])
            assert said.choices[0].message.content == ANSWER


def test_an_empty_message_after_the_question_asks_nothing_new(service: Running) -> None:
    asked = {"role": "user", "content": "wells of town 3"}
    body = {"model": "reread", "messages": [asked, {"role": "user", "content": " "}]}
    answer = service.client.post("/v1/chat/completions", json=body).json()["reread"]
    assert answer["question"] == "wells of town 3"
