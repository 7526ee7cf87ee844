"""Files sent to a running service: ingest's own parsers and limits, real PDF and Word files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.browsing import publish, town_service
from tests.worlds.samples import write_docx, write_pdf
from tests.worlds.serving import ADMIN, Running, assert_problem, until

MOOR = ("Peat", "Moss", "Tarn")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("towns")
    with town_service(folder, max_file_bytes=100_000) as service:
        yield service


def send(service: Running, name: str, data: bytes, headers: dict[str, str] = ADMIN) -> Any:
    return service.client.post(
        "/documents/file", params={"name": name}, content=data, headers=headers, timeout=120
    )


def found(service: Running, question: str) -> list[str]:
    body = service.client.get("/search", params={"q": question}).json()
    return [one["id"] for one in body["passages"] if one["retrieval_score"] > 0]


def test_a_pdf_is_found_by_the_next_search(service: Running, tmp_path: Path) -> None:
    pages = [["The lighthouse keeper sleeps by day."], ["His kiosk sells zwieback."]]
    data = write_pdf(tmp_path / "island.pdf", pages, title="The island").read_bytes()
    body = send(service, "island.pdf", data).json()
    assert body["file"] == "island.pdf" and body["notes"] == []
    [document] = body["documents"]
    assert (document["id"], document["status"]) == ("island.pdf", "added")
    hits = service.client.get("/search", params={"q": "zwieback"}).json()["passages"]
    assert hits[0]["id"] in document["passages"] and hits[0]["source"] == "island.pdf#page=1"
    assert send(service, "island.pdf", data).json()["documents"][0]["status"] == "unchanged"
    other = write_pdf(tmp_path / "other.pdf", [["Only a ferry is left."]]).read_bytes()
    assert send(service, "island.pdf", other).json()["documents"][0]["status"] == "replaced"
    assert found(service, "zwieback") == [] and found(service, "ferry") == ["island.pdf"]


def test_a_word_file_comes_in(service: Running, tmp_path: Path) -> None:
    data = write_docx(tmp_path / "garden.docx").read_bytes()
    [document] = send(service, "garden.docx", data).json()["documents"]
    assert document["id"] == "garden.docx"
    assert set(found(service, "compost")) <= set(document["passages"]) and found(service, "compost")


def test_a_file_of_several_sections_is_one_document_after_a_build_too(service: Running) -> None:
    """Defect: each section was listed as a document, and removing the file left all but one."""
    sections = [f"## {one}\n\n{f'{one} lies on the moor and is wet. ' * 12}" for one in MOOR]
    text = "\n\n".join(["# Moorland", *sections])
    [sent] = send(service, "moor.md", text.encode()).json()["documents"]
    assert len(sent["passages"]) >= len(MOOR)
    number = publish(service.home)  # with what was sent
    until(lambda: service.parts.pipeline.live.number == number)
    held = service.client.get("/documents", params={"limit": 1000}).json()["documents"]
    [listed] = [one for one in held if one["source"] == "moor.md"]
    assert listed["id"] == "moor.md"
    assert [one["id"] for one in listed["passages"]] == sent["passages"]
    removed = service.client.delete("/documents/moor.md", headers=ADMIN).json()
    assert removed["passages"] == sent["passages"]
    assert found(service, "peat moss tarn moor") == []


def test_records_keep_their_ids_and_bad_lines_are_told(service: Running) -> None:
    lines = [{"id": "r1", "title": "Yaks", "text": "Yaks chew."}, {"id": "r2"}, {"id": "r1"}]
    lines += [{"id": "r3", "text": "Gnus run."}]
    body = send(service, "animals.jsonl", "\n".join(map(json.dumps, lines)).encode()).json()
    assert [one["id"] for one in body["documents"]] == ["r1", "r3"]
    assert body["notes"][0] == "line 2: no 'text', or it is not a string"
    assert found(service, "yaks") == ["r1"] and found(service, "gnus") == ["r3"]


def test_what_cannot_be_read_is_one_sentence_and_changes_nothing(service: Running) -> None:
    before = service.client.get("/documents").json()
    assert_problem(send(service, "a.exe", b"MZ"), 422, "a.exe: files of type .exe are not read")
    assert_problem(send(service, "rubbish.pdf", b"\xff\xfe\x00" * 50), 422, "rubbish.pdf: ")
    assert_problem(send(service, "rubbish.docx", b"PK\x03\x04no"), 422, "rubbish.docx: ")
    assert_problem(send(service, "bad.json", b"{"), 422, "bad.json: not JSON")
    assert_problem(send(service, "none.jsonl", b"1\n2\n"), 422, "none of its lines is a passage")
    assert_problem(send(service, "empty.md", b""), 422, "empty.md: empty file")
    assert_problem(send(service, "../up.md", b"text"), 422, "no plain file name")
    assert_problem(send(service, "x" * 300, b"text"), 422)
    many = b"".join(b'{"text": "number %d of many"}\n' % n for n in range(2001))
    assert_problem(send(service, "many.jsonl", many), 422, "2,000 passages", "`reread ingest`")
    assert service.client.get("/documents").json() == before


def test_a_file_too_large_says_where_it_can_go(service: Running) -> None:
    response = send(service, "big.txt", b"a" * 120_000)
    assert_problem(response, 413, "100000 bytes allowed", "`reread ingest`")
    assert_problem(service.client.post("/answer", content=b" " * (5 << 20)), 413, "send less")


def test_files_need_the_admin_key(service: Running) -> None:
    assert_problem(send(service, "note.md", b"secret", headers={}), 401)
    assert "note.md" not in str(service.client.get("/documents").json())
