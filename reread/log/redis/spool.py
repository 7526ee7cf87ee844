"""The log of a service on Redis: what Redis cannot take now waits in a bounded file and follows.

Answers must not wait for a server that is down, slow, full or empty again. While anything waits,
new records join the file's end, so they follow in order. A record is acknowledged once it is in
Redis or flushed to the file. Files of services that died are taken over: a living one holds its
lock. Knows records and files; sending twice is harmless, for the log keeps an id once.
"""

import fcntl
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reread.commit import storage_errors
from reread.errors import StorageFailed
from reread.log.attention_log import LogPage, checksum_of, parse_feedback, parse_record
from reread.log.redis.attention_log import RedisAttentionLog
from reread.log.redis.connection import RedisAway
from reread.records import AnswerRecord, Feedback

logger = logging.getLogger(__name__)
LIMIT_BYTES = 256 * 2**20
LINES_AT_ONCE = 200
LOOK_S = 0.5  # between two tries to send what waits
WARNING_S = 10.0  # between two looks at the server's settings


class SpooledLog:
    """An AttentionLog whose appends succeed without Redis; reading needs it."""

    def __init__(
        self,
        log: RedisAttentionLog,
        folder: Path,
        *,
        limit_bytes: int = LIMIT_BYTES,
        look_s: float = LOOK_S,
    ) -> None:
        self._log, self._folder = log, folder
        self._limit, self._look_s = limit_bytes, look_s
        self._lock = threading.Lock()
        with storage_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / f"spool-{secrets.token_hex(6)}.jsonl"
            self._file = self._path.open("a+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._size, self._sent = 0, 0  # bytes in the file; bytes of them that Redis has
        self._waiting: dict[str, AnswerRecord] = {}
        self._warning: str | None = None
        self._looked_s = -WARNING_S
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="log spool")
        self._thread.start()

    @property
    def identity(self) -> str:
        return self._log.identity

    @property
    def warning(self) -> str | None:
        """Never asks the server: readiness must not wait for it."""
        waiting = self._size - self._sent
        if waiting == 0:
            return self._warning
        return (
            f"Redis takes no records now; {waiting} bytes of them wait in {self._path.name} "
            f"(room for {self._limit}) and follow by themselves. {self._warning or ''}".strip()
        )

    def append(self, records: Sequence[AnswerRecord]) -> None:
        with self._lock:
            if self._size == 0:
                try:
                    self._log.append(records)
                    return
                except RedisAway as error:
                    self._warning = str(error)
            self._keep([_answer_line(one) for one in records])
            self._waiting |= {one.id: one for one in records}

    def append_feedback(self, feedback: Feedback) -> None:
        with self._lock:
            if self._size == 0:
                try:
                    self._log.append_feedback(feedback)
                    return
                except RedisAway as error:
                    self._warning = str(error)
            self._keep([_feedback_line(feedback)])

    def get(self, id: str) -> AnswerRecord | None:
        return self._waiting.get(id) or self._log.get(id)

    def probe(self) -> None:
        """With Redis away, whether the file can still take something."""
        if self._size - self._sent >= self._limit:
            raise self._full()

    def read_page(self, cursor: int, limit: int) -> LogPage:
        return self._log.read_page(cursor, limit)

    def read_since(self, cursor: int, limit: int) -> list[AnswerRecord]:
        return self._log.read_since(cursor, limit)

    def count_since(self, cursor: int) -> int:
        return self._log.count_since(cursor)

    def last_sequence(self) -> int:
        return self._log.last_sequence()

    def feedback(self, answer_id: str) -> list[Feedback]:
        return self._log.feedback(answer_id)

    def feedback_since(self, cursor: int) -> list[Feedback]:
        return self._log.feedback_since(cursor)

    def forget(self, passage_ids: Collection[str]) -> int:
        """Raises RedisAway while records wait: they may be read from these passages too."""
        return self._log.forget(passage_ids)  # without the lock: answers must not wait for it

    def expire(self, before_s: float, after: int) -> int:
        return self._log.expire(before_s, after)  # what waits is looked at once it is there

    def compact(self) -> bool:
        return self._log.compact()

    def settle(self, consumer: str) -> int:
        return self._log.settle(consumer)

    def close(self, timeout_s: float = 5.0) -> None:
        """Tries once more to send; what then still waits stays in the file for the next service."""
        self._stopped.set()
        self._thread.join(timeout_s)
        if self._size == 0:
            self._path.unlink(missing_ok=True)
        self._file.close()
        self._log.close()

    def _keep(self, lines: list[bytes]) -> None:
        """Append and flush; all of the lines or none."""
        content = b"".join(lines)
        if self._size + len(content) > self._limit:
            raise self._full()
        try:
            with storage_errors(str(self._path)):
                self._file.write(content)
                self._file.flush()
                os.fsync(self._file.fileno())
        except StorageFailed:
            self._file.truncate(self._size)
            raise
        self._size += len(content)

    def _full(self) -> StorageFailed:
        return StorageFailed(
            f"Redis takes no records and {self._path} holds {self._size} bytes of at most "
            f"{self._limit}: bring Redis back; nothing was recorded"
        )

    def _run(self) -> None:
        while True:
            last = self._stopped.is_set()
            try:
                self._look_at_server()
                self._adopt()
                self._send_own()
            except RedisAway as error:
                self._warning = str(error)
            except Exception:
                logger.exception("sending what waits for Redis failed; trying again")
            if last:
                return
            self._stopped.wait(self._look_s)

    def _look_at_server(self) -> None:
        if time.monotonic() - self._looked_s >= WARNING_S or self._size:
            self._warning = self._log.warning
            self._looked_s = time.monotonic()

    def _send_own(self) -> None:
        while self._sent < self._size:
            with self._path.open("rb") as file:
                file.seek(self._sent)
                lines = [file.readline() for _ in range(LINES_AT_ONCE)]
            content = b"".join(lines)[: self._size - self._sent]
            send(self._log, content)
            self._sent += len(content)
            with self._lock:
                if self._sent == self._size:
                    self._file.truncate(0)
                    self._size = self._sent = 0
                    self._waiting.clear()

    def _adopt(self) -> None:
        """Send what dead services left."""
        for path in sorted(self._folder.glob("spool-*.jsonl")):
            if path == self._path:
                continue
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its service lives
                send(self._log, file.read())
                path.unlink(missing_ok=True)


def send(log: RedisAttentionLog, content: bytes) -> None:
    """Lines of a spool file, in order; what a kill cut short was never acknowledged."""
    answers: list[AnswerRecord] = []
    for line in content.splitlines():
        value = _parse(line)
        if isinstance(value, AnswerRecord):
            answers.append(value)
        elif value is not None:
            log.append(answers)
            answers = []
            log.append_feedback(value)
        else:
            logger.error(
                "a line of %d bytes in the spool cannot be read and is left out", len(line)
            )
    if answers:
        log.append(answers)


def _answer_line(record: AnswerRecord) -> bytes:
    return _line("answer", record.id, record.to_json())


def _feedback_line(feedback: Feedback) -> bytes:
    return _line("feedback", feedback.answer_id, json.dumps(asdict(feedback)))


def _line(kind: str, id: str, body: str) -> bytes:
    fields = {"kind": kind, "id": id, "body": body, "checksum": checksum_of(id, body)}
    return json.dumps(fields).encode() + b"\n"


def _parse(line: bytes) -> AnswerRecord | Feedback | None:
    try:
        fields: dict[str, Any] = json.loads(line)
        texts = str(fields["id"]), str(fields["body"]), str(fields["checksum"])
        if fields["kind"] == "feedback":
            return parse_feedback(*texts)
        return parse_record(*texts, 0)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
