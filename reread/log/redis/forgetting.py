"""Takes removed documents out of the log on Redis: what was answered from them, and what was said.

A stream's entries cannot be changed, and a deleted one stays in the server's memory and files
until its neighbours go. So the stream is written anew, entry by entry under the same ids, in one
script. Knows records and streams; does not know who removed what.
"""

import json
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from reread.log.attention_log import checksum_of, parse_record
from reread.log.forgetting import touches
from reread.log.privacy import without_words

AT_ONCE = 500
KEPT_S = 600  # what a killed process left behind goes by itself

# KEYS: the stream, where it is written anew, the new bodies. An empty body: the entry goes.
REWRITE = """#!lua
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local from = '-'
redis.call('DEL', KEYS[2])
while true do
  local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 500)
  if #page == 0 then break end
  for _, entry in ipairs(page) do
    local fields = entry[2]
    local new = redis.call('HMGET', KEYS[3], entry[1], entry[1] .. ' checksum')
    for place = 1, new[1] and #fields or 0, 2 do
      if fields[place] == 'body' then fields[place + 1] = new[1] end
      if fields[place] == 'checksum' then fields[place + 1] = new[2] end
    end
    if new[1] ~= '' then redis.call('XADD', KEYS[2], entry[1], unpack(fields)) end
  end
  from = '(' .. page[#page][1]
end
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[1])
  return
end
for _, group in ipairs(groups) do
  local about = {}
  for place = 1, #group, 2 do about[group[place]] = group[place + 1] end
  redis.call('XGROUP', 'CREATE', KEYS[2], about['name'], about['last-delivered-id'])
end
redis.call('RENAME', KEYS[2], KEYS[1])
"""


@dataclass(slots=True)
class _Blanks:
    """New bodies by entry id; the ids of the answers they belong to."""

    bodies: dict[bytes, tuple[str, str]] = field(default_factory=dict)  # body, checksum
    answers: set[str] = field(default_factory=set)

    def add(self, place: bytes, answer_id: str, body: str) -> None:
        self.bodies[place] = body, checksum_of(answer_id, body) if body else ""


def forget_passages(
    client: Any, answers: str, said: str, dead: str, passage_ids: Collection[str]
) -> int:
    """Blank every answer that was read from one of these passages; how many there were.

    May be done again at any time. Takes the keys of the three streams.
    """
    ids = frozenset(passage_ids)
    if not ids:
        return 0
    spelled = [json.dumps(id).encode() for id in ids]
    blanked = _of_answers(client, answers, ids, spelled)
    corrected = _of_feedback(client, said, blanked.answers)
    buried = _Blanks()
    for place, fields in _entries(client, dead):
        if any(one in fields.get(b"body", b"") for one in spelled):
            buried.add(place, "", "")  # it cannot be read, so nothing of it can stay
    for stream, blanks in ((answers, blanked), (said, corrected), (dead, buried)):
        if blanks.bodies:
            _rewrite(client, stream, blanks)
    for answer_id in corrected.answers:
        _blank_list(client, f"{said}:{answer_id}")
    return len(set(_ids_of(blanked)) | corrected.answers)


def expire_words(client: Any, answers: str, said: str, before_s: float, after: int) -> int:
    """Take the words out of records older than that; the last sequence that is done with."""
    old = _Blanks()
    for place, fields in _entries(client, answers, f"({after}-0".encode()):
        record = _record(fields)
        if record is not None and record.created_s >= before_s:
            break
        if record is not None and record.words:
            old.answers.add(record.id)
            old.add(place, record.id, without_words(record).to_json())
        after = int(place.split(b"-")[0])
    corrected = _of_feedback(client, said, old.answers)
    for stream, blanks in ((answers, old), (said, corrected)):
        if blanks.bodies:
            _rewrite(client, stream, blanks)
    for answer_id in corrected.answers:
        _blank_list(client, f"{said}:{answer_id}")
    return after


def _ids_of(blanks: _Blanks) -> Iterator[str]:
    return (str(json.loads(body)["id"]) for body, _ in blanks.bodies.values())


def _of_answers(client: Any, stream: str, ids: frozenset[str], spelled: list[bytes]) -> _Blanks:
    blanks = _Blanks()
    for place, fields in _entries(client, stream):
        body = fields.get(b"body", b"")
        if not any(one in body for one in spelled):
            continue
        record = _record(fields)
        if record is None or not touches(record, ids):
            continue
        blanks.answers.add(record.id)
        if record.answer:
            blanks.add(place, record.id, replace(record, answer="").to_json())
    return blanks


def _of_feedback(client: Any, stream: str, answer_ids: set[str]) -> _Blanks:
    """What people typed about these answers."""
    blanks = _Blanks()
    for place, fields in _entries(client, stream):
        answer_id = fields.get(b"id", b"").decode(errors="replace")
        if answer_id in answer_ids and (body := _without_words(fields.get(b"body", b""))):
            blanks.add(place, answer_id, body)
            blanks.answers.add(answer_id)
    return blanks


def _without_words(body: bytes | str) -> str:
    """Feedback without what was typed; "" where nothing was, or where it cannot be read."""
    try:
        known = json.loads(body)
    except ValueError:
        return ""
    return json.dumps({**known, "answer": None}) if known.get("answer") is not None else ""


def _blank_list(client: Any, key: str) -> None:
    """The same feedback once more, by its answer; others only ever append to it."""
    for place, kept in enumerate(client.lrange(key, 0, -1)):
        fields = json.loads(kept)
        body = _without_words(fields["body"])
        if body:
            new = {**fields, "body": body, "checksum": checksum_of(fields["id"], body)}
            client.lset(key, place, json.dumps(new))


def _rewrite(client: Any, stream: str, blanks: _Blanks) -> None:
    token = secrets.token_hex(6)
    bodies, anew = f"{stream}:blank:{token}", f"{stream}:anew:{token}"
    places = list(blanks.bodies)
    for start in range(0, len(places), AT_ONCE):
        pipe = client.pipeline(transaction=False)
        for place in places[start : start + AT_ONCE]:
            body, checksum = blanks.bodies[place]
            pipe.hset(bodies, mapping={place: body, place + b" checksum": checksum})
        pipe.expire(bodies, KEPT_S)
        pipe.execute()
    client.register_script(REWRITE)(keys=[stream, anew, bodies])
    client.delete(bodies)


def _entries(
    client: Any, stream: str, start: bytes = b"-"
) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    while page := client.xrange(stream, start, "+", count=AT_ONCE):
        yield from ((place, fields or {}) for place, fields in page)
        start = b"(" + page[-1][0]


def _record(fields: dict[bytes, bytes]) -> Any:
    try:
        id, body, checksum = (fields[name].decode() for name in (b"id", b"body", b"checksum"))
    except (KeyError, UnicodeDecodeError):
        return None
    return parse_record(id, body, checksum, 0)
