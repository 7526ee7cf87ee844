"""The view Documents in a real Chromium, against the real routes of a real service."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.worlds.browsing import objections, watched_page
from tests.worlds.samples import write_docx, write_pdf
from tests.worlds.serving import Running

KEY = "admin-secret"


def opened(page: Page, key: str | None = KEY) -> None:
    page.goto("/")
    if key is not None:
        page.evaluate("key => sessionStorage.setItem('reread.admin', key)", key)
    page.goto("/#documents")
    expect(page.locator("#document-list .title").first).to_have_text("Oslo")


def said_of(page: Page, name: str) -> str:
    line = page.locator("#received li").filter(has_text=name)
    expect(line.locator(".good, .bad")).to_be_visible()
    return line.locator(".good, .bad").inner_text()


def test_pdf_word_and_records_are_dropped_searched_and_removed(
    browser: Browser, service: Running, tmp_path: Path
) -> None:
    files = [
        write_pdf(
            tmp_path / "island.pdf", [["A lighthouse."], ["Zwieback is sold."]], title="Isle"
        ),
        write_docx(tmp_path / "garden.docx"),
        tmp_path / "animals.jsonl",
        tmp_path / "kyiv.md",
    ]
    files[2].write_text('{"id": "yak", "title": "Yaks", "text": "Yaks chew."}\n{"id": "bad"}\n')
    files[3].write_text("# Kyiv\n\nKyiv has a funicular.")
    with watched_page(browser, service.url) as watched:
        page = watched.page
        opened(page)
        page.locator("#files").set_input_files(files)
        assert said_of(page, "island.pdf") == "added: 1 passage"
        assert said_of(page, "garden.docx").startswith("added: ")
        assert said_of(page, "animals.jsonl") == "added: 1 passage"
        expect(page.locator("#received")).to_contain_text("line 2: no 'text'")
        assert said_of(page, "kyiv.md") == "added: 1 passage"
        page.get_by_label("Filter documents").fill("yak")
        expect(page.locator("#document-list .title")).to_have_text(["Yaks"])
        assert objections(page) == []
        hits = service.client.get("/search", params={"q": "zwieback"}).json()["passages"]
        assert hits[0]["source"] == "island.pdf#page=1"
        button = page.get_by_role("button", name="Remove Yaks")
        button.click()
        expect(button).to_have_text("Really remove?")
        button.click()
        expect(page.locator("#document-list .title")).to_have_count(0)
        page.goto("/")
        page.get_by_label("Question", exact=True).fill("funicular of Kyiv")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("#answer")).to_have_text("Kyiv has a funicular.")
    assert watched.complaints == []
    assert service.client.get("/documents/yak").status_code == 404


def test_a_file_of_50_mb_and_rubbish_get_one_sentence_each(
    browser: Browser, service: Running, tmp_path: Path
) -> None:
    huge, rubbish = tmp_path / "huge.pdf", tmp_path / "rubbish.pdf"
    with huge.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    rubbish.write_bytes(b"\xff\xfe\x00\x01" * 500)
    tool, empty = tmp_path / "tool.exe", tmp_path / "empty.txt"
    tool.write_bytes(b"MZ")
    empty.write_bytes(b"")
    before = service.client.get("/documents").json()
    with watched_page(browser, service.url) as watched:
        page = watched.page
        opened(page)
        page.locator("#files").set_input_files([huge, rubbish, tool, empty])
        told = said_of(page, "huge.pdf")
        assert told == "It has 50 MB and the page takes 32 MB; use reread ingest for this file."
        assert said_of(page, "rubbish.pdf").startswith("broken .pdf file")
        assert "files of type .exe are not read" in said_of(page, "tool.exe")
        assert said_of(page, "empty.txt") == "It is empty."
        assert objections(page) == []
    assert all("422" in one for one in watched.complaints)  # Chromium's own word on a refusal
    assert service.client.get("/documents").json() == before


def test_without_the_key_it_is_asked_for_and_nothing_is_sent(
    browser: Browser, service: Running
) -> None:
    """The file is dropped, as a mouse does it."""
    with watched_page(browser, service.url) as watched:
        page = watched.page
        opened(page, key=None)
        dropped = page.evaluate_handle(
            """() => {
                const carried = new DataTransfer();
                carried.items.add(new File(["A note on moss."], "note.md"));
                return carried;
            }"""
        )
        page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
        expect(page.get_by_label("Admin key")).to_be_focused()
        expect(page.locator("#received")).to_contain_text("give the admin key above, and it is")
        assert service.client.get("/documents/note.md").status_code == 404
        page.get_by_label("Admin key").fill(KEY)
        page.get_by_role("button", name="Use this key").click()
        expect(page.locator("#received .good")).to_have_text("added: 1 passage")
    assert all("401" in one for one in watched.complaints)


def test_a_long_list_goes_on_by_the_button(browser: Browser, service: Running) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    many = [{"id": f"n{i:02}", "title": f"Note {i:02}", "text": f"Number {i}."} for i in range(60)]
    service.client.post("/documents", json={"documents": many}, headers=headers)
    with watched_page(browser, service.url) as watched:
        page = watched.page
        opened(page)
        expect(page.locator("#document-list .title")).to_have_count(50)
        page.get_by_role("button", name="Show more").click()
        expect(page.locator("#document-list .title").filter(has_text="Note 59")).to_be_visible()
        page.reload()
        expect(page.locator("#document-list .title")).to_have_count(50)
        page.get_by_label("Filter documents").fill("note 58")  # behind what is listed
        expect(page.locator("#document-list .title")).to_have_text(["Note 58"])
    assert watched.complaints == []
