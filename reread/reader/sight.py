"""What a reader sees of a passage: the tokens a passage takes, and how many there are for it.

Knows tokenizers and the strings that passages are read as; loads no model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from reread.errors import UnknownModel
from reread.reader.causal.source import causal_source
from reread.reader.causal.strings import MAX_BLOCK_TOKENS, block_text
from reread.reader.loading import is_causal, reader_folder
from reread.reader.segments import MAX_SEGMENT_TOKENS, segment_text
from reread.records import CutFor, Passage

QUESTION_TOKENS = 32  # what passages leave to the question, where it shares their segment


@dataclass(frozen=True, slots=True)
class Sight:
    """One reader's; `room` is the most tokens of a passage with its title."""

    reader: str
    room: int
    causal: bool
    tokenizer: Any

    def sizes(self, passages: Sequence[Passage]) -> list[int]:
        """Tokens of each passage as the reader is given it."""
        if not passages:
            return []
        if self.causal:
            texts = [block_text(one) for one in passages]
            return list(map(len, self.tokenizer(texts, add_special_tokens=False)["input_ids"]))
        texts = [segment_text("", one) for one in passages]
        return list(map(len, self.tokenizer(texts)["input_ids"]))

    def fits(self, title: str, text: str) -> bool:
        return self.sizes([Passage("", title, text)])[0] <= self.room

    def count_unfit(self, passages: Sequence[Passage]) -> int:
        """How many of these the reader does not see whole."""
        return sum(size > self.room for size in self.sizes(passages))

    @property
    def cut_for(self) -> CutFor:
        """What passages are written down to be cut for: another vocabulary has another key."""
        inner = getattr(self.tokenizer, "backend_tokenizer", None)
        vocabulary = json.dumps(self.tokenizer.get_vocab(), sort_keys=True)
        told = f"{self.room} {self.causal} {vocabulary if inner is None else inner.to_str()}"
        return CutFor(self.reader, self.room, hashlib.sha256(told.encode()).hexdigest()[:16])


def sight_of(name_or_path: str, cache: Path | None = None) -> Sight:
    """Of a reader by name or path; raises UnknownModel where its tokenizer cannot be loaded."""
    found = reader_folder(name_or_path, cache)
    causal = is_causal(found)
    source = causal_source(found)
    options = {} if source.gguf is None else {"gguf_file": source.gguf}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source.place, **options)
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).strip().splitlines() or [repr(error)])[0]
        raise UnknownModel(
            f"The tokenizer of the reader {name_or_path!r} could not be loaded ({first}); set "
            "REREAD_READER to a local folder."
        ) from error
    tokenizer.model_max_length = 1 << 30  # it is asked for lengths, not for a model's input
    room = MAX_BLOCK_TOKENS if causal else MAX_SEGMENT_TOKENS - QUESTION_TOKENS
    return Sight(name_or_path, room, causal, tokenizer)
