"""An example for every route, as /openapi.json shows them: what is sent, and what comes back.

Knows names and values; the schemas they must fit are the routes' own.
"""

from typing import Any

ANSWER_ID = "7d7f0a52c0f94e4f8f6f0a4c2b1d9e3a"
JOB_ID = "5f3a9c1e"
PASSAGE = {
    "id": "keys.md",
    "title": "Keys",
    "text": "Keys are rotated every 90 days.",
    "source": "keys.md",
}
READ = {**PASSAGE, "retrieval_score": 7.2, "attention": 3.1, "relevance": 1.0, "copies": 0}
ANSWER = {
    "id": ANSWER_ID,
    "question": "How often are keys rotated?",
    "answer": "every 90 days",
    "confidence": 0.87,
    "found": True,
    "spans": [{"passage": "keys.md", "start": 17, "end": 30}],
    "warnings": [],
    "passages": [READ],
    "generation": 3,
    "reader": "starter_reader",
    "reader_generation": None,
    "timings_ms": {"embed": 4.1, "search": 1.2, "read": 310.5, "total": 318.0},
}
RELEVANCE = {
    "question": ANSWER["question"], "answer": ANSWER["answer"], "found": True,
    "aggregation": "mean", "generation": 3, "reader": "starter_reader",
    "reader_generation": None,
}  # fmt: skip
PUT = {"id": "keys.md", "passages": ["keys.md"], "status": "added"}
DOCUMENT = {
    "id": "keys.md", "title": "Keys", "source": "keys.md", "ingested_s": 1793000000.0,
    "access_labels": [],
    "passages": [{"id": "keys.md", "title": "Keys", "text": PASSAGE["text"]}],
}  # fmt: skip
JOB = {
    "id": JOB_ID, "state": "running", "stage": "training", "progress": 0.4, "params": {},
    "metrics": {}, "error": None, "created_s": 1793000000.0, "updated_s": 1793000060.0,
    "generation": None,
}  # fmt: skip
ONE_JOB = {**JOB, "job": JOB}
MESSAGES = [{"role": "user", "content": "How often are keys rotated?"}]

# By "METHOD path": `body` (JSON), `parameters` by name, `answer` (JSON of the 2xx response).
EXAMPLES: dict[str, dict[str, Any]] = {
    "POST /answer": {"body": {"question": ANSWER["question"], "top_k": 5}, "answer": ANSWER},
    "POST /answer/batch": {
        "body": {"questions": [ANSWER["question"]], "top_k": 5},
        "answer": {"answers": [ANSWER]},
    },
    "GET /search": {
        "parameters": {"q": "rotate keys", "top_k": 5},
        "answer": {
            "question": "rotate keys",
            "generation": 3,
            "passages": [{**PASSAGE, "retrieval_score": 7.2, "copies": 0}],
        },
    },
    "GET /examples": {"answer": {"examples": ["What is key rotation?"]}},
    "POST /feedback": {
        "body": {
            "answer_id": ANSWER_ID, "verdict": "wrong", "answer": "every 90 days",
            "passage_ids": ["keys.md"],
        },
        "answer": {
            "answer_id": ANSWER_ID, "verdict": "wrong", "answer": "every 90 days",
            "passage_ids": ["keys.md"],
        },
    },
    "POST /relevance": {
        "body": {"question": ANSWER["question"], "top_k": 5, "aggregation": "mean"},
        "answer": {**RELEVANCE, "spans": ANSWER["spans"], "warnings": [], "passages": [READ]},
    },
    "GET /relevance/{answer_id}": {
        "parameters": {"answer_id": ANSWER_ID, "aggregation": "mean"},
        "answer": {**RELEVANCE, "id": ANSWER_ID, "confidence": 0.87, "passages": [READ]},
    },
    "POST /documents": {
        "body": {"documents": [{"id": "keys.md", "title": "Keys", "text": PASSAGE["text"]}]},
        "answer": {"documents": [PUT]},
    },
    "POST /documents/file": {
        "parameters": {"name": "manual.pdf"},
        "answer": {
            "file": "manual.pdf",
            "documents": [{"id": "manual.pdf", "passages": ["manual.pdf"], "status": "added"}],
            "notes": [],
        },
    },
    "PUT /documents/{id}": {
        "parameters": {"id": "keys.md"},
        "body": {"title": "Keys", "text": PASSAGE["text"]},
        "answer": PUT,
    },
    "GET /documents": {
        "parameters": {"limit": 100},
        "answer": {"documents": [DOCUMENT], "next": None},
    },
    "GET /documents/{id}": {"parameters": {"id": "keys.md"}, "answer": DOCUMENT},
    "DELETE /documents/{id}": {
        "parameters": {"id": "keys.md"},
        "answer": {"id": "keys.md", "passages": ["keys.md"], "status": "removed"},
    },
    "POST /admin/retrain": {"body": {"force": False, "epochs": 3}, "answer": ONE_JOB},
    "GET /admin/jobs": {"answer": {"jobs": [JOB]}},
    "GET /admin/jobs/{job_id}": {"parameters": {"job_id": JOB_ID}, "answer": ONE_JOB},
    "GET /admin/jobs/{job_id}/events": {"parameters": {"job_id": JOB_ID}},
    "POST /admin/jobs/{job_id}/cancel": {
        "parameters": {"job_id": JOB_ID},
        "answer": {**ONE_JOB, "state": "cancelled"},
    },
    "GET /admin/log": {
        "answer": {
            "answers": 120, "looked_at": 120, "verdicts": {"correct": 9, "wrong": 2},
            "not_found": 4,
            "unsure": [
                {
                    "id": ANSWER_ID, "question": ANSWER["question"],
                    "answer": "every 90 days", "confidence": 0.31,
                }
            ],
        }
    },
    "GET /admin/generations": {"answer": {"generations": [{"generation": 3}], "serving": 3}},
    "POST /admin/generations/{number}/activate": {"parameters": {"number": 2}},
    "GET /healthz": {"answer": {"status": "alive"}},
    "GET /readyz": {
        "answer": {"ready": True, "generation": 3, "missing": [], "warnings": []},
    },
    "GET /metrics": {},
    "GET /info": {"answer": {"generation": 3, "reader": {"name": "starter_reader"}}},
    "POST /v1/chat/completions": {"body": {"model": "reread", "messages": MESSAGES}},
    "POST /v1/responses": {"body": {"model": "reread", "input": "How often are keys rotated?"}},
    "POST /v1/embeddings": {"body": {"model": "retriever", "input": ["Keys are rotated."]}},
    "POST /v1/rerank": {
        "body": {"query": "rotate keys", "documents": ["Keys are rotated.", "Wells are deep."]}
    },
    "GET /v1/models": {},
    "GET /v1/models/{name}": {"parameters": {"name": "retriever"}},
}  # fmt: skip


def add_examples(schema: dict[str, Any]) -> dict[str, Any]:
    """The examples where OpenAPI 3.1 has them; a route without one is left as it is."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            example = EXAMPLES.get(f"{method.upper()} {plain(path)}", {})
            _add(operation, example)
    return schema


def plain(path: str) -> str:
    """A path without what says how a parameter is matched.

    >>> plain("/documents/{id:path}")
    '/documents/{id}'
    """
    return path.replace(":path}", "}")


def _add(operation: dict[str, Any], example: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
    sent = operation.get("requestBody", {}).get("content", {})
    if "body" in example and "application/json" in sent:
        sent["application/json"]["example"] = example["body"]
    for status, response in operation.get("responses", {}).items():
        content = response.get("content", {}).get("application/json")
        if "answer" in example and content is not None and status.startswith("2"):
            content["example"] = example["answer"]
