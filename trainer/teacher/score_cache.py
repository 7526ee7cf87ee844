"""A teacher's scores kept in the embedded database, so that none is computed twice.

Kept by teacher revision, prompt, question and the texts of the passages; written batch by batch,
so a scoring run that is killed goes on where it was. Only for teachers that judge each passage, or
pair, alone. Knows one table; knows no model.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reread.log.database import Database
from reread.records import Passage
from trainer.examples import Example
from trainer.teacher.pairs import PairTeacher, Two
from trainer.teacher.prompted import PromptedPairs, PromptedTeacher
from trainer.teacher.teacher import Judgement, Teacher

_SCHEMA = "CREATE TABLE IF NOT EXISTS scores (key BLOB PRIMARY KEY, value REAL) WITHOUT ROWID"
KEYS_AT_ONCE = 500


class ScoreCache:
    """Numbers by key; several processes may use one file."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, float]:
        found: dict[bytes, float] = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            part = tuple(keys[start : start + KEYS_AT_ONCE])
            marks = ", ".join("?" * len(part))
            rows = self._database.rows(
                f"SELECT key, value FROM scores WHERE key IN ({marks})", part
            )
            found |= {bytes(key): float(value) for key, value in rows}
        return found

    def put(self, values: dict[bytes, float]) -> None:
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?)", values.items())

    def close(self) -> None:
        self._database.close()


def score_key(teacher: str, prompt: str, question: str, passages: Sequence[Passage]) -> bytes:
    """Another revision, prompt, question, text or order of texts is another key."""
    digest = hashlib.blake2b(digest_size=16)
    texts = [part for one in passages for part in (one.title, one.text)]
    for part in (teacher, prompt, question, *texts):
        own = part.encode("utf-8", "surrogatepass")
        digest.update(len(own).to_bytes(8, "little") + own)
    return digest.digest()


def _filled(
    cache: ScoreCache, keys: Sequence[bytes], compute: Callable[[list[int]], list[float]]
) -> list[float]:
    """The keys' values; those that are missing are computed together, by their places, and kept."""
    known = cache.get(keys)
    first = {key: place for place, key in reversed(list(enumerate(keys))) if key not in known}
    places = sorted(first.values())
    if places:
        fresh = {keys[p]: v for p, v in zip(places, compute(places), strict=True)}
        cache.put({key: value for key, value in fresh.items() if value == value})  # NaN is no score
        known |= fresh
    return [known[key] for key in keys]


@dataclass(frozen=True, slots=True)
class CachedTeacher:
    """A pointwise teacher that scores each passage alone."""

    teacher: Teacher
    cache: ScoreCache

    @property
    def name(self) -> str:
        return self.teacher.name

    @property
    def signal(self) -> str:
        return self.teacher.signal

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        return [Judgement(tuple(self._score(one))) for one in examples]

    def _score(self, example: Example) -> list[float]:
        prompt = self.teacher.prompt if isinstance(self.teacher, PromptedTeacher) else ""
        keys = [
            score_key(f"{self.name}/{self.signal}", prompt, example.question, [one])
            for one in example.passages
        ]

        def compute(places: list[int]) -> list[float]:
            asked = replace(example, passages=tuple(example.passages[p] for p in places))
            return list(self.teacher.judge([asked])[0].scores)

        return _filled(self.cache, keys, compute)


@dataclass(frozen=True, slots=True)
class CachedPairs:
    """A pair teacher; each order of a pair is a score of its own."""

    teacher: PairTeacher
    cache: ScoreCache

    @property
    def name(self) -> str:
        return self.teacher.name

    def compare(self, question: str, pairs: Sequence[Two]) -> list[float]:
        prompt = self.teacher.prompt if isinstance(self.teacher, PromptedPairs) else ""
        keys = [score_key(f"{self.name}/pairs", prompt, question, pair) for pair in pairs]
        return _filled(
            self.cache,
            keys,
            lambda places: self.teacher.compare(question, [pairs[p] for p in places]),
        )
