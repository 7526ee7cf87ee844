"""Cohere's own client, unmodified, and Jina's shape: documents in the order of their relevance."""

import math

import cohere
import pytest

from tests.worlds.serving import Running, assert_problem

DOCUMENTS = ["Rome has hills.", "Oslo has deep wells.", "Bern has bears."]


def test_coheres_client_reranks_by_the_readers_attention(service: Running) -> None:
    client = cohere.ClientV2(api_key="none", base_url=service.url)
    said = client.rerank(model="rerank-v3.5", query="deep wells", documents=DOCUMENTS)
    powers = [math.exp(score) for score in (0.0, 2.0, 0.0)]
    assert [one.index for one in said.results] == [1, 0, 2]  # ties as they were given
    scores = [one.relevance_score for one in said.results]
    assert scores == pytest.approx([powers[i] / sum(powers) for i in (1, 0, 2)])
    first = client.rerank(model="x", query="bears", documents=DOCUMENTS, top_n=1)
    assert [one.index for one in first.results] == [2]


def test_the_older_client_too(service: Running) -> None:
    client = cohere.Client(api_key="none", base_url=service.url)
    said = client.rerank(model="x", query="deep wells", documents=DOCUMENTS, return_documents=True)
    assert said.results[0].document is not None
    assert said.results[0].document.text == DOCUMENTS[1]


def test_the_retriever_reranks_by_its_own_scores(service: Running) -> None:
    body = {"model": "retriever", "query": "Oslo has wells", "documents": DOCUMENTS}
    said = service.client.post("/v1/rerank", json=body).json()
    assert [(one["index"], one["relevance_score"]) for one in said["results"]] == [
        (1, 3.0), (0, 1.0), (2, 1.0),
    ]  # fmt: skip
    assert (said["model"], said["generation"]) == ("retriever", 1)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["x"] * 101}, "documents"),
        ({"documents": [{"title": "x"}]}, "documents.0 has no `text`"),
        ({"documents": ["x", " "]}, "A passage needs some text"),
        ({"query": ""}, "1 to 2000 characters"),
        ({"top_n": 0}, "top_n"),
    ],
)
def test_what_does_not_fit_is_one_sentence(service: Running, change, part: str) -> None:
    body = {"query": "x", "documents": ["y"], **change}
    response = service.client.post("/v1/rerank", json=body)
    assert response.status_code == 422 and part in response.json()["detail"]
    assert_problem(service.client.post("/v2/rerank", json=body), 422, part)
