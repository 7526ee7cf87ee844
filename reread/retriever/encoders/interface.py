"""What a retriever needs of an encoder and of its tokeniser, whatever they are made of.

The calls are those of transformers, so its models fit as they are and nothing else has to import
it. Knows no model, no file and no pooling.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from torch import Tensor

Student = Literal["transformer", "lstm", "cnn"]  # what an encoder is made of
STUDENTS: tuple[Student, ...] = ("transformer", "lstm", "cnn")
NETS: tuple[Student, ...] = ("lstm", "cnn")  # the project's own


class States(NamedTuple):
    """What an encoder gives: a state of every token."""

    last_hidden_state: Tensor  # (B, T, H)


class Encoder(Protocol):
    """An nn.Module; padding, where the mask is 0, must not change any other state."""

    @property
    def config(self) -> Any:
        """Has `hidden_size`, the width of a state."""

    def __call__(self, *, input_ids: Tensor, attention_mask: Tensor) -> Any:
        """(B, T), (B, T) -> something with `last_hidden_state` (B, T, H)."""

    def save_pretrained(self, folder: Path) -> Any: ...


class Tokenizer(Protocol):
    """Word pieces to ids and back to a folder; calls are made one at a time."""

    @property
    def pad_token_id(self) -> int | None: ...

    def __call__(
        self, texts: Sequence[str], *, truncation: bool, max_length: int, padding: Any
    ) -> Mapping[str, Any]:
        """Has `input_ids`: a list per text, padded to `max_length` if padding is "max_length"."""

    def save_pretrained(self, folder: Path) -> Any: ...
