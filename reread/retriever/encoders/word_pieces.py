"""Word pieces without transformers: a tokenizer.json, as fast as it can be read.

Knows the tokenizers library; knows no model. Truncation and padding are the library's shared
state, so one caller at a time.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from reread.errors import UnknownModel

TOKENIZER_FILE = "tokenizer.json"
PADDINGS = ("[PAD]", "<pad>")


class WordPieces:
    """The same ids as transformers' fast tokenizer of that file."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._limit: int | None = None
        found = (tokenizer.token_to_id(name) for name in PADDINGS)
        self.pad_token_id: int = next((one for one in found if one is not None), 0)

    @classmethod
    def load(cls, folder: Path) -> "WordPieces":
        path = folder / TOKENIZER_FILE
        if not path.is_file():
            raise UnknownModel(
                f"{folder} has no {TOKENIZER_FILE}, which a small net's words come from: copy that "
                f"of the encoder it was made from, or make the net again"
            )
        return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, tokenizer: Any) -> "WordPieces":
        """Those of a fast tokenizer of transformers, independent of it."""
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if isinstance(tokenizer, WordPieces):
            backend = tokenizer._tokenizer
        if backend is None:
            raise UnknownModel(
                f"The tokenizer {type(tokenizer).__name__} is not a fast one, which a small net's "
                f"words come from: start from an encoder that has a {TOKENIZER_FILE}"
            )
        return cls(Tokenizer.from_str(backend.to_str()))

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def __call__(
        self, texts: Sequence[str], *, truncation: bool, max_length: int, padding: Any
    ) -> Mapping[str, Any]:
        limit = max_length if truncation else None
        if limit != self._limit:
            self._limit = limit
            if limit is None:
                self._tokenizer.no_truncation()
            else:
                self._tokenizer.enable_truncation(limit)
        ids = [one.ids for one in self._tokenizer.encode_batch(list(texts))]
        if padding == "max_length":
            ids = [one + [self.pad_token_id] * (max_length - len(one)) for one in ids]
        return {"input_ids": ids}

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens)
        return text

    def save_pretrained(self, folder: Path) -> None:
        """Without this process's truncation."""
        self._limit = None
        self._tokenizer.no_truncation()
        (folder / TOKENIZER_FILE).write_text(self._tokenizer.to_str(), encoding="utf-8")
