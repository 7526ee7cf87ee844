"""What the log keeps of people's words: all of them, a question's keyed hash, or none.

Scores, ids and times stay, so that counts and cursors hold. Knows records and feedback; does not
know who asks, or how long words are kept.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reread.commit import exclusive
from reread.records import AnswerRecord, Feedback

Words = Literal["text", "hashed", "none"]
LOSSES = {
    "hashed": "Questions are logged as hashes",
    "none": "Questions are not logged",
}


@dataclass(frozen=True, slots=True)
class Discretion:
    """How much of a record is logged; the key makes a hash that only this home can repeat."""

    words: Words = "text"
    key: bytes = b""

    def record(self, record: AnswerRecord) -> AnswerRecord:
        if self.words == "text":
            return record
        return without_words(record, self.hash_of(record.question) if self.key else "")

    def feedback(self, feedback: Feedback, record: AnswerRecord) -> Feedback:
        """Without what was typed, where the words of what it is about are not kept either."""
        if self.words == "text" and record.words:
            return feedback
        return replace(feedback, answer=None)

    def hash_of(self, question: str) -> str:
        """The same for the same question, whatever its case and spaces."""
        plain = " ".join(question.lower().split())
        return "hmac-sha256:" + hmac.new(self.key, plain.encode(), "sha256").hexdigest()

    @property
    def loss(self) -> str | None:
        """What the loop cannot do for it; None where everything is kept."""
        if self.words == "text":
            return None
        return (
            f"{LOSSES[self.words]} (log_questions): nothing is learnt from them, corrections and "
            "own passages are not kept, and reports quote none."
        )


def without_words(record: AnswerRecord, question: str = "") -> AnswerRecord:
    """Which passages counted how much, and nothing that anybody wrote."""
    passages = tuple(replace(one, title=None, text=None) for one in record.passages)
    return replace(record, question=question, answer="", passages=passages, words=False)


def discretion_of(words: Words, key_file: Path) -> Discretion:
    """The key is made once; every replica of the home reads the same."""
    if words != "hashed":
        return Discretion(words)
    with exclusive(key_file.with_suffix(".lock")):
        if not key_file.exists():
            handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
    return Discretion(words, key_file.read_bytes())
