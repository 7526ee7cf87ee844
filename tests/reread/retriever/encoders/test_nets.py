"""Small nets against written-out readings of one text, and their folders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reread.errors import CorruptArtefact, UnknownModel
from reread.records import Passage
from reread.retriever.encoders.nets import CnnNet, LstmNet, Net, NetConfig, load_net, make_net
from reread.retriever.encoders.word_pieces import WordPieces
from reread.retriever.retriever import DenseRetriever
from tests.worlds.tiny import load, make_encoder
from trainer.student.nets import make_student

TEXTS = [[5, 9, 3], [4], [7, 2, 6, 8, 1]]


def net_of(student: str, **shape: object) -> Net:
    torch.manual_seed(3)
    return make_net(NetConfig(student, 12, word_width=6, width=4, **shape)).eval()  # type: ignore[arg-type]


def slow_lstm(net: LstmNet, ids: list[int]) -> torch.Tensor:
    """Torch's own bidirectional LSTM over one text without padding."""
    words = net.words(torch.tensor([ids]))
    for forth, back in zip(net.forth, net.back, strict=True):
        both = nn.LSTM(words.shape[-1], 4, batch_first=True, bidirectional=True)
        weights = dict(forth.named_parameters())
        weights |= {f"{name}_reverse": one for name, one in back.named_parameters()}
        both.load_state_dict(weights)
        words = both(words)[0]
    return words[0]


def slow_cnn(net: CnnNet, ids: list[int]) -> torch.Tensor:
    """A window at a time, zeros outside the text."""
    words = net.words(torch.tensor(ids))  # (T, E)
    states = []
    for width, one in zip(net.config.widths, net.filters, strict=True):
        before = (width - 1) // 2
        rows = []
        for place in range(len(ids)):
            seen = range(place - before, place - before + width)
            window = [words[k] if 0 <= k < len(ids) else torch.zeros(6) for k in seen]
            rows.append(torch.relu(one(torch.cat(window))))
        states.append(torch.stack(rows))
    return torch.cat(states, dim=-1)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("student", ["lstm", "cnn"])
def test_a_padded_batch_reads_each_text_as_if_alone(student: str, layers: int) -> None:
    net = net_of(student, layers=layers)
    ids, mask = torch.zeros(3, 5, dtype=torch.int64), torch.zeros(3, 5, dtype=torch.int64)
    for row, text in enumerate(TEXTS):
        ids[row, : len(text)], mask[row, : len(text)] = torch.tensor(text), 1
    found = net(input_ids=ids, attention_mask=mask).last_hidden_state
    assert found.shape[-1] == net.config.hidden_size
    for row, text in enumerate(TEXTS):
        wanted = slow_lstm(net, text) if isinstance(net, LstmNet) else slow_cnn(net, text)  # type: ignore[arg-type]
        assert torch.allclose(found[row, : len(text)], wanted, atol=1e-6)


@pytest.mark.parametrize("student", ["lstm", "cnn"])
def test_a_folder_holds_all_of_a_student(tmp_path: Path, student: str) -> None:
    made = make_student(student, load(make_encoder(tmp_path / "source")), seed=5, dimension=12)
    made.save(tmp_path / "net")
    again = DenseRetriever.load(tmp_path / "net", device="cpu")
    assert (again.student, again.dimension, again.settings) == (student, 12, made.settings)
    passages = [Passage("a", "red", "cat dog owl"), Passage("b", "", "fox")]
    np.testing.assert_array_equal(again.encode_passages(passages), made.encode_passages(passages))
    alone = np.concatenate([made.encode_passages([one]) for one in passages])
    np.testing.assert_allclose(made.encode_passages(passages), alone, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1.0, atol=1e-6)


def test_word_pieces_are_those_of_the_source(tmp_path: Path) -> None:
    source = load(make_encoder(tmp_path))
    pieces, texts = WordPieces.of(source.tokenizer), ["where is the cat", "", "a fox fox fox"]
    for limit in (4, 16):
        asked = {"truncation": True, "max_length": limit, "padding": False}
        assert pieces(texts, **asked)["input_ids"] == source.tokenizer(texts, **asked)["input_ids"]
    assert pieces.pad_token_id == source.tokenizer.pad_token_id
    filled = pieces(["cat"], truncation=True, max_length=6, padding="max_length")["input_ids"]
    assert [len(one) for one in filled] == [6]


def test_a_damaged_or_foreign_folder_is_a_sentence(tmp_path: Path) -> None:
    make_student("cnn", load(make_encoder(tmp_path / "source")), seed=5).save(tmp_path / "net")
    weights = tmp_path / "net" / "net.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptArtefact, match="a small net was expected"):
        load_net(tmp_path / "net")
    (tmp_path / "net" / "tokenizer.json").unlink()
    weights.write_bytes(whole)
    with pytest.raises(UnknownModel, match=r"has no tokenizer\.json"):
        DenseRetriever.load(tmp_path / "net")
    with pytest.raises(UnknownModel, match="lstm or cnn, not 'gru'"):
        make_net(NetConfig("gru", 5))
