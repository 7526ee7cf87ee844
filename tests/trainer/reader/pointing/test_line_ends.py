"""A line's end is a token of its own: two rows of a page are not one."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast

from reread.reader.loading import SMALL_STARTER, STARTER, reader_folder
from reread.reader.pointing.pointer import body_mask
from reread.reader.segments import cut_segments
from reread.records import Passage
from tests.reread.reader.tiny_pointing import save_tiny_pointing
from trainer.reader.pointing.line_ends import LIKE, give_line_ends, sees_line_ends
from trainer.reader.pointing.recipe import load_pointing_base, save_pointing

ROWS = "Width: 40 cm\nHeight: 1,250 cm\n\nEnd"


def test_rows_are_told_apart_in_the_place_that_was_free() -> None:
    model, tokenizer = load_pointing_base(str(reader_folder(SMALL_STARTER)), 0)
    before = tokenizer(ROWS, return_offsets_mapping=True)
    table = model.reader.get_input_embeddings().weight
    old, size = table.detach().clone(), len(tokenizer)
    like = torch.stack([old[tokenizer.get_vocab()[one]] for one in LIKE]).mean(dim=0)
    assert not sees_line_ends(tokenizer)
    give_line_ends(model.reader, tokenizer)
    assert sees_line_ends(tokenizer)
    now = tokenizer(ROWS, return_offsets_mapping=True)
    kept = [at for at, (a, b) in enumerate(now["offset_mapping"]) if ROWS[a:b] != "\n"]
    assert len(now["input_ids"]) == len(before["input_ids"]) + 3
    for name in ("input_ids", "offset_mapping"):
        assert [now[name][at] for at in kept] == before[name]
    table = model.reader.get_input_embeddings().weight
    assert len(tokenizer) == size and len(table) == len(old)
    (changed,) = (table.detach() != old).any(dim=1).nonzero().flatten().tolist()
    assert changed == tokenizer.convert_tokens_to_ids("\n")
    assert torch.allclose(table[changed].detach(), like)


def test_a_second_time_changes_nothing_and_a_saved_reader_keeps_it(tmp_path: Path) -> None:
    model, tokenizer = load_pointing_base(str(reader_folder(SMALL_STARTER)), 0)
    give_line_ends(model.reader, tokenizer)
    table = model.reader.get_input_embeddings().weight.detach().clone()
    ids = tokenizer(ROWS)["input_ids"]
    give_line_ends(model.reader, tokenizer)
    assert torch.equal(model.reader.get_input_embeddings().weight, table)
    save_pointing(model, tokenizer, tmp_path)
    assert AutoTokenizer.from_pretrained(tmp_path)(ROWS)["input_ids"] == ids


def test_a_vocabulary_without_a_free_place_grows_by_a_row(tmp_path: Path) -> None:
    save_tiny_pointing(tmp_path / "base")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one", "two", "cm", ":", ";"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    tokenizer = BertTokenizer(str(tmp_path / "vocab.txt"))
    model, _ = load_pointing_base(str(tmp_path / "base"), 0)
    model.reader.resize_token_embeddings(len(words))
    give_line_ends(model.reader, tokenizer)
    table = model.reader.get_input_embeddings().weight
    assert len(table) == len(words) + 1
    assert torch.equal(table[-1], table[words.index(";")])
    assert tokenizer("one\ntwo", add_special_tokens=False)["input_ids"] == [5, 10, 6]
    assert tokenizer("one two", add_special_tokens=False)["input_ids"] == [5, 6]


def test_pieces_like_t5s_keep_their_spaces(tmp_path: Path) -> None:
    """A token that is normalised as texts are would be every space."""
    pieces = Tokenizer(models.Unigram(
        [("<unk>", 0.0), ("\u2581one", -1.0), ("\u2581two", -1.0), ("\u2581", -2.0), (";", -3.0)],
        unk_id=0,
    ))  # fmt: skip
    pieces.normalizer = normalizers.Replace("\n", " ")
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, unk_token="<unk>")
    save_tiny_pointing(tmp_path / "base")
    model, _ = load_pointing_base(str(tmp_path / "base"), 0)
    model.reader.resize_token_embeddings(len(tokenizer))
    assert not sees_line_ends(tokenizer)
    give_line_ends(model.reader, tokenizer)
    assert tokenizer("one two")["input_ids"] == [1, 2]
    assert tokenizer("one\ntwo")["input_ids"] == [1, 5, 2]
    assert len(model.reader.get_input_embeddings().weight) == 6


def test_tokenizers_that_see_lines_are_left_alone(tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    save_tiny_pointing(tmp_path / "base")
    model, _ = load_pointing_base(str(tmp_path / "base"), 0)
    table = model.reader.get_input_embeddings().weight.detach().clone()
    give_line_ends(model.reader, ByT5Tokenizer())
    assert torch.equal(model.reader.get_input_embeddings().weight, table)


def test_an_answer_neither_begins_nor_ends_with_one() -> None:
    _, tokenizer = load_pointing_base(str(reader_folder(STARTER)), 0)
    segment = cut_segments("How high?", [Passage("1", "A box", ROWS)], tokenizer)[0]
    marked = [
        segment.text[a:b]
        for (a, b), inside in zip(segment.offsets, body_mask([segment]).tolist(), strict=True)
        if inside
    ]
    assert marked == ["Width", ":", "40", "cm", "Height", ":", "1", ",", "250", "cm", "End"]


def test_the_starter_sees_them() -> None:
    tokenizer = AutoTokenizer.from_pretrained(reader_folder(STARTER))
    segment = cut_segments("How high?", [Passage("1", "A box", ROWS)], tokenizer)[0]
    pieces = [segment.text[a:b] for a, b in segment.offsets]
    assert pieces.count("\n") == 3
    assert segment.text[segment.body :] == ROWS
