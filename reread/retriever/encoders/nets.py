"""Small encoders of word pieces: a BiLSTM, and convolutions of several widths (Kim, 1408.5882).

A reconstruction of the students of arXiv 1911.11065, of which only the abstract could be read:
question and passage apart, states pooled over time by the retriever. Knows tensors and one folder;
knows no tokeniser, no pooling and no teacher.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from reread.errors import CorruptArtefact, UnknownModel
from reread.retriever.encoders.interface import NETS, States, Student

CONFIG_FILE, WEIGHTS_FILE = "net.json", "net.safetensors"


@dataclass(frozen=True, slots=True)
class NetConfig:
    """A net's shape. The words are nearly all of its weights, so they are narrow."""

    student: str  # lstm or cnn
    vocabulary: int
    word_width: int = 32  # 30,522 words of BERT: 1M weights, MiniLM has 22.7M
    width: int = 64  # of one direction, or of the filters of one width
    widths: tuple[int, ...] = (1, 2, 3)  # word pieces under a filter; cnn only
    layers: int = 1  # lstm only

    @property
    def hidden_size(self) -> int:
        return self.width * (2 if self.student == "lstm" else len(self.widths))


class Net(nn.Module):
    """Words' vectors, and what a subclass makes of a text of them."""

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.word_width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, *, input_ids: Tensor, attention_mask: Tensor) -> States:
        words = self.dropout(self.words(input_ids))  # (B, T, E)
        words = words * attention_mask.unsqueeze(-1).to(words.dtype)  # padding is as no word
        return States(self.dropout(self.read(words, attention_mask)))

    def read(self, words: Tensor, mask: Tensor) -> Tensor:
        """(B, T, E), (B, T) -> (B, T, H)."""
        raise NotImplementedError

    def save_pretrained(self, folder: Path) -> None:
        body = json.dumps({"format": 1, **asdict(self.config)}, indent=1, sort_keys=True)
        (folder / CONFIG_FILE).write_text(body + "\n", encoding="utf-8")
        weights = {name: one.contiguous().cpu() for name, one in self.state_dict().items()}
        safetensors.torch.save_file(weights, folder / WEIGHTS_FILE)


class LstmNet(Net):
    """Both directions as two plain LSTMs, the second over every text turned round in itself.

    So nothing is packed: torch reads packed texts on a CPU by a slower kernel.
    """

    def __init__(self, config: NetConfig) -> None:
        super().__init__(config)
        widths = [config.word_width] + [2 * config.width] * (config.layers - 1)
        self.forth = nn.ModuleList(nn.LSTM(one, config.width, batch_first=True) for one in widths)
        self.back = nn.ModuleList(nn.LSTM(one, config.width, batch_first=True) for one in widths)

    def read(self, words: Tensor, mask: Tensor) -> Tensor:
        turned = turn_round(mask)
        for forth, back in zip(self.forth, self.back, strict=True):
            ahead = forth(words)[0]  # (B, T, W); padding comes after what it could change
            behind = _take(back(_take(words, turned))[0], turned)
            words = torch.cat([ahead, behind], dim=-1)
        return words


class CnnNet(Net):
    """A filter of width w sees a piece and its neighbours; the states of all widths side by side.

    As products with shifted copies of the text, which a CPU does faster than `Conv1d` for so few
    channels, and which needs no transposing.
    """

    def __init__(self, config: NetConfig) -> None:
        super().__init__(config)
        self.filters = nn.ModuleList(
            nn.Linear(width * config.word_width, config.width) for width in config.widths
        )

    def read(self, words: Tensor, mask: Tensor) -> Tensor:
        found = [
            torch.relu(one(_windows(words, width)))
            for width, one in zip(self.config.widths, self.filters, strict=True)
        ]
        return torch.cat(found, dim=-1)


def turn_round(mask: Tensor) -> Tensor:
    """(B, T) -> (B, T) places that turn each text round and leave its padding where it is.

    >>> turn_round(torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])).tolist()
    [[2, 1, 0, 3], [3, 2, 1, 0]]
    """
    places = torch.arange(mask.shape[1], device=mask.device).expand_as(mask)
    last = mask.sum(dim=1, keepdim=True) - 1
    return torch.where(places <= last, last - places, places)


def _take(values: Tensor, places: Tensor) -> Tensor:
    return values.gather(1, places.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


def _windows(words: Tensor, width: int) -> Tensor:
    """(B, T, E) -> (B, T, width * E): each place with those before and after, zeros outside."""
    before = (width - 1) // 2
    padded = nn.functional.pad(words, (0, 0, before, width - 1 - before))
    shifted = [padded[:, shift : shift + words.shape[1]] for shift in range(width)]
    return torch.cat(shifted, dim=-1)


def make_net(config: NetConfig) -> Net:
    """An untrained one; UnknownModel for a student that is no net."""
    kinds: dict[str, type[Net]] = {"lstm": LstmNet, "cnn": CnnNet}
    if config.student not in kinds:
        raise UnknownModel(
            f"A net is {' or '.join(NETS)}, not {config.student!r}: the folder was written by a "
            f"later version, or its {CONFIG_FILE} was changed"
        )
    return kinds[config.student](config)


def holds_net(folder: Path) -> bool:
    return (folder / CONFIG_FILE).is_file()


def net_student(folder: Path) -> Student:
    """lstm or cnn; UnknownModel for anything else."""
    student = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8")).get("student")
    if student not in NETS:
        raise UnknownModel(f"{folder / CONFIG_FILE} names the student {student!r}, not one of ours")
    found: Student = student
    return found


def load_net(folder: Path) -> Net:
    """Raises CorruptArtefact or UnknownModel."""
    try:
        body: dict[str, Any] = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        known = {one.name for one in fields(NetConfig)}
        values = {name: value for name, value in body.items() if name in known}
        net = make_net(NetConfig(**{**values, "widths": tuple(values["widths"])}))
        net.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise CorruptArtefact.mismatch(folder, "content", "a small net", str(error)) from error
    return net.eval()
