"""The attention log as a Redis Stream that every replica appends to and one trainer reads.

An entry's stream id is its sequence, given by a script that also keeps an event id from entering
twice: a producer that lost its reply may send again. A consumer group delivers each entry to the
trainer, at least once; what cannot be read goes to the dead letters after DELIVERIES. Knows the
same records as the embedded log and answers the same calls.
"""

import json
import logging
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import redis

from reread.errors import CorruptArtefact
from reread.log.attention_log import LogPage, checksum_of, parse_feedback, parse_record
from reread.log.redis.connection import RedisAway, RedisConnection
from reread.log.redis.forgetting import expire_words, forget_passages
from reread.records import AnswerRecord, Feedback

logger = logging.getLogger(__name__)

GROUP = "trainer"
DELIVERIES = 5  # of an entry that cannot be read, before it is put among the dead letters
RECLAIM_MS = 30_000  # entries a consumer took and left this long ago are another's
AT_ONCE = 500

# A header makes a full server refuse the script before its first write, not in the middle.
_APPEND = """#!lua
for place = 1, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[2], ARGV[place]) == 0 then
    local sequence = redis.call('INCR', KEYS[3])
    redis.call('XADD', KEYS[1], sequence .. '-0', 'id', ARGV[place],
               'body', ARGV[place + 1], 'checksum', ARGV[place + 2])
    redis.call('HSET', KEYS[2], ARGV[place], sequence)
  end
end
"""

Entry = tuple[bytes, dict[bytes, bytes] | None]


class RedisAttentionLog:
    """See AttentionLog; every call raises RedisAway where the server cannot do it now."""

    def __init__(self, connection: RedisConnection, spools: Path | None = None) -> None:
        """`spools`: the folder where every service of the home keeps what Redis has yet to get."""
        self._redis, self._spools = connection, spools
        key = connection.key
        self._answers, self._ids, self._sequence = key("answers"), key("ids"), key("sequence")
        self._said, self._dead, self._about = key("feedback"), key("dead"), key("identity")
        self._append = connection.client.register_script(_APPEND)

    @property
    def identity(self) -> str:
        """A server that was restarted empty has another one."""
        with self._redis.sentences():
            self._redis.client.set(self._about, secrets.token_hex(8), nx=True)
            return str(self._redis.client.get(self._about).decode())

    def append(self, records: Sequence[AnswerRecord]) -> None:
        """All of them or none; an id that is there already is left as it is."""
        values: list[str] = []
        for record in records:
            body = record.to_json()
            values += [record.id, body, checksum_of(record.id, body)]
        with self._redis.sentences():
            self._append(keys=[self._answers, self._ids, self._sequence], args=values)

    def read_page(self, cursor: int, limit: int) -> LogPage:
        """Sequences have no gaps when written, so a missing one was trimmed or put aside."""
        with self._redis.sentences():
            entries = self._redis.client.xrange(self._answers, f"{cursor + 1}-0", "+", count=limit)
            last = self.last_sequence()
        found = {sequence_of(entry): record_of(entry) for entry in entries}
        end = max(found) if len(entries) == limit else max(cursor, last)
        start = cursor if cursor else min(found, default=1) - 1
        gone = [one for one in range(start + 1, end + 1) if found.get(one) is None]
        if gone:
            logger.error(
                "%d records of the log are missing or damaged, from %d", len(gone), gone[0]
            )
        records = tuple(found[one] for one in sorted(found) if found[one] is not None)
        return LogPage(records, tuple(gone), end)  # type: ignore[arg-type]

    def read_since(self, cursor: int, limit: int) -> list[AnswerRecord]:
        """The next `limit` sound records after `cursor`."""
        records: list[AnswerRecord] = []
        while len(records) < limit:
            page = self.read_page(cursor, limit - len(records))
            if page.cursor == cursor:
                break
            records += page.records
            cursor = page.cursor
        return records

    def get(self, id: str) -> AnswerRecord | None:
        with self._redis.sentences():
            sequence = self._redis.client.hget(self._ids, id)
            if sequence is None:
                return None
            place = f"{int(sequence)}-0"
            entries = self._redis.client.xrange(self._answers, place, place)
        if not entries:
            return None  # trimmed
        record = record_of(entries[0])
        if record is None:
            raise CorruptArtefact(
                f"The record of answer {id[:64]!r} is damaged in the log, so its scores are not "
                f"shown: restore the log from a backup, or ask the question again"
            )
        return record

    def count_since(self, cursor: int) -> int:
        return max(0, self.last_sequence() - cursor)

    def last_sequence(self) -> int:
        with self._redis.sentences():
            return int(self._redis.client.get(self._sequence) or 0)

    def append_feedback(self, feedback: Feedback) -> None:
        body = json.dumps(asdict(feedback))
        fields = {"id": feedback.answer_id, "body": body,
                  "checksum": checksum_of(feedback.answer_id, body)}  # fmt: skip
        with self._redis.sentences():
            pipe = self._redis.client.pipeline(transaction=True)
            pipe.xadd(self._said, fields)
            pipe.rpush(f"{self._said}:{feedback.answer_id}", json.dumps(fields))
            pipe.execute()

    def feedback(self, answer_id: str) -> list[Feedback]:
        with self._redis.sentences():
            kept = self._redis.client.lrange(f"{self._said}:{answer_id}", 0, -1)
        fields = [json.loads(one) for one in kept]
        said = [parse_feedback(one["id"], one["body"], one["checksum"]) for one in fields]
        return [one for one in said if one is not None]

    def feedback_since(self, cursor: int) -> list[Feedback]:
        with self._redis.sentences():
            entries = self._redis.client.xrange(self._said)
            said = [one for one in map(feedback_of, entries) if one is not None]
            ids = [one.answer_id for one in said]
            places = self._redis.client.hmget(self._ids, ids) if ids else []
        pairs = zip(said, places, strict=True)
        return [one for one, place in pairs if place is not None and int(place) > cursor]

    def probe(self) -> None:
        with self._redis.sentences():
            self._redis.client.set(self._redis.key("probe"), secrets.token_hex(4))

    @property
    def warning(self) -> str | None:
        return self._redis.warning()

    def close(self) -> None:
        self._redis.close()

    def forget(self, passage_ids: Collection[str]) -> int:
        """Blank the answers that were read from these passages; how many there were.

        Raises RedisAway while a service of the home keeps records: theirs would follow unblanked.
        """
        for one in self._spools.glob("spool-*.jsonl") if self._spools else ():
            if size := size_of(one):
                raise RedisAway(f"{size} bytes of records wait in {one.name}")
        with self._redis.sentences():
            return forget_passages(
                self._redis.client, self._answers, self._said, self._dead, passage_ids
            )

    def expire(self, before_s: float, after: int) -> int:
        """Take the words out of older records; the last sequence done with, the next `after`."""
        with self._redis.sentences():
            return expire_words(self._redis.client, self._answers, self._said, before_s, after)

    def compact(self) -> bool:
        """Have the server write its append-only file anew; False where it does not now."""
        try:
            with self._redis.sentences():
                self._redis.client.bgrewriteaof()
        except (RedisAway, redis.ResponseError):  # one is under way, or this user may not
            return False
        return True

    def settle(self, consumer: str, *, reclaim_ms: int = RECLAIM_MS) -> int:
        """Take delivery of what came since; the number of entries put among the dead letters.

        Records are trained on by sequence, up to a checkpoint's cursor, so an entry delivered
        twice counts once; delivery finds those that cannot be read and moves them out of the way.
        """
        with self._redis.sentences():
            self._make_group()
            client = self._redis.client
            while fresh := client.xreadgroup(GROUP, consumer, {self._answers: ">"}, count=AT_ONCE):
                self._acknowledge([one for _, entries in fresh for one in entries])
            return self._reclaim(consumer, reclaim_ms)

    def _reclaim(self, consumer: str, reclaim_ms: int) -> int:
        client, start, buried = self._redis.client, b"0-0", 0
        while True:
            start, entries, *_ = client.xautoclaim(
                self._answers, GROUP, consumer, reclaim_ms, start, count=AT_ONCE
            )
            for entry in self._acknowledge(entries):
                pending = client.xpending_range(self._answers, GROUP, entry[0], entry[0], 1)
                if pending and pending[0]["times_delivered"] >= DELIVERIES:
                    self._bury(entry)
                    buried += 1
            if start in (b"0-0", "0-0"):
                return buried

    def _acknowledge(self, entries: Sequence[Entry]) -> list[Entry]:
        """Acknowledge what can be read; returns the rest, which stays pending."""
        sound = [one[0] for one in entries if record_of(one) is not None]
        if sound:
            self._redis.client.xack(self._answers, GROUP, *sound)
        return [one for one in entries if record_of(one) is None]

    def _bury(self, entry: Entry) -> None:
        place, fields = entry
        logger.error("log entry %s cannot be read and is among the dead letters", place.decode())
        pipe = self._redis.client.pipeline(transaction=True)
        pipe.xadd(self._dead, {b"place": place} | (fields or {}))
        pipe.xack(self._answers, GROUP, place)
        pipe.xdel(self._answers, place)
        pipe.execute()

    def _make_group(self) -> None:
        try:
            self._redis.client.xgroup_create(self._answers, GROUP, "0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def size_of(file: Path) -> int:
    """0 where it is gone: its records were sent."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def sequence_of(entry: Entry) -> int:
    return int(entry[0].split(b"-")[0])


def record_of(entry: Entry) -> AnswerRecord | None:
    texts = _texts_of(entry)
    return None if texts is None else parse_record(*texts, sequence_of(entry))


def feedback_of(entry: Entry) -> Feedback | None:
    texts = _texts_of(entry)
    return None if texts is None else parse_feedback(*texts)


def _texts_of(entry: Entry) -> tuple[str, str, str] | None:
    fields: dict[bytes, Any] = entry[1] or {}
    try:
        id, body, checksum = (fields[name].decode() for name in (b"id", b"body", b"checksum"))
    except (KeyError, UnicodeDecodeError, AttributeError):
        return None
    return id, body, checksum
