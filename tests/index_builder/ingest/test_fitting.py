"""Every piece of a document lies within the reader's sight, whatever it is written in."""

import pytest

from index_builder.ingest.cutting.fitting import fit_pieces
from index_builder.ingest.cutting.splitting import Piece
from index_builder.ingest.documents import document_from_text
from index_builder.ingest.run import ingest
from reread.artefacts.passages import open_corpus
from reread.reader.sight import QUESTION_TOKENS, Sight, sight_of
from reread.records import Passage

TEXTS = {
    "chinese": "请从八点到十点准备演示文稿。" * 60,
    "chinese without marks": "请从八点到十点准备" * 90,
    "thai": "กรุงเทพมหานครเป็นเมืองหลวง " * 60,
    "identifiers": " ".join(f"GET_X509_CERT_{n}_0x{n:08X}_qzvk" for n in range(60)),
    "one word": "0xdeadbeef/" * 200,
    "english": "The valve of the small pump is closed by hand before it is cleaned. " * 17,
}


@pytest.fixture(scope="module")
def sight() -> Sight:
    return sight_of("starter-small")


def letters(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_of_a_text_is_beyond_the_readers_sight(sight, name):
    # 200 words of Chinese or of identifiers were one passage, whose second half nobody read.
    document = document_from_text("A guide", TEXTS[name], id="d", fits=sight.fits)
    assert len(document.passages) > 1
    assert letters("".join(one.text for one in document.passages)) == letters(TEXTS[name])
    assert max(sight.sizes(document.passages)) <= 250 - QUESTION_TOKENS
    assert [one.id for one in document.passages][:2] == ["d", "d.1"]


def test_what_fits_stays_whole_and_is_cut_at_sentences_otherwise(sight):
    sentence = "The valve of the small pump is closed by hand. "
    whole = (sentence * 17).strip()
    assert [p.text for p in document_from_text("V", whole, fits=sight.fits).passages] == [whole]
    pieces = fit_pieces([Piece("V", (sentence * 24).strip(), 3)], sight.fits)
    assert [one.text for one in pieces] == [(sentence * 12).strip()] * 2
    assert {one.page for one in pieces} == {3}


def test_a_title_that_takes_all_the_room_becomes_text(sight):
    title = " ".join(f"part{n}" for n in range(300))
    pieces = fit_pieces([Piece(title, "The end.")], sight.fits)
    assert max(sight.sizes([Passage("", one.title, one.text) for one in pieces])) <= 218
    assert letters("".join(one.text for one in pieces)) == letters(f"{title}The end.")


def test_a_causal_reader_has_its_own_room():
    class Words:
        def __call__(self, texts, **options):
            return {"input_ids": [text.split() for text in texts]}

    causal = Sight("words", 5, True, Words())
    assert causal.fits("A title", "of three words") and not causal.fits(
        "A title", "of 4 words more"
    )


def test_an_ingest_cuts_every_file_for_the_reader(home, tmp_path, sight):
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    ingest(home, [folder], sight=sight)
    held = [one for batch in open_corpus(home).iterate() for one in batch]
    assert max(sight.sizes(held)) <= 250 - QUESTION_TOKENS
    for name, text in TEXTS.items():
        own = [one.text for one in held if one.source.endswith(f"/{name}.md")]
        assert letters("".join(own)).endswith(letters(text)), name
