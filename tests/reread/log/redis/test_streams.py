"""The stream on a real server: deliveries, dead letters, gaps, and a server in a bad mood."""

import pytest

from reread.errors import BadRequest
from reread.log.redis.attention_log import DELIVERIES, GROUP, RedisAttentionLog
from reread.log.redis.connection import RedisAway, RedisConnection
from tests.reread.log.test_attention_log import record
from tests.worlds.redis_server import RedisServer


@pytest.fixture
def connection(redis_server):
    return redis_server.connection()


@pytest.fixture
def log(connection):
    return RedisAttentionLog(connection)


def test_what_a_dead_consumer_took_is_taken_over(log, connection):
    log.append([record(str(n)) for n in range(5)])
    log._make_group()
    taken = connection.client.xreadgroup(GROUP, "dead", {connection.key("answers"): ">"}, count=3)
    assert len(taken[0][1]) == 3
    assert log.settle("alive", reclaim_ms=0) == 0
    assert connection.client.xpending(connection.key("answers"), GROUP)["pending"] == 0
    assert [one.id for one in log.read_since(0, 10)] == [str(n) for n in range(5)]


def test_poison_goes_to_the_dead_letters_and_the_stream_moves_on(log, connection):
    log.append([record("a")])
    client = connection.client
    client.xadd(connection.key("answers"), {"id": "b", "body": b"\xff{", "checksum": "0"}, id="2-0")
    client.set(connection.key("sequence"), 2)
    log.append([record("c")])
    buried = [log.settle("t", reclaim_ms=0) for _ in range(DELIVERIES)]
    assert sum(buried) == 1
    dead = client.xrange(connection.key("dead"))
    assert [(fields[b"place"], fields[b"id"]) for _, fields in dead] == [(b"2-0", b"b")]
    page = log.read_page(0, 10)
    assert ([one.id for one in page.records], page.damaged, page.cursor) == (["a", "c"], (2,), 3)


def test_a_stream_trimmed_past_the_watermark_is_loud(log, connection, caplog):
    log.append([record(str(n)) for n in range(10)])
    connection.client.xtrim(connection.key("answers"), minid="6-0", approximate=False)
    page = log.read_page(2, 100)
    assert page.damaged == (3, 4, 5)
    assert "3 records of the log are missing" in caplog.text
    assert log.get("0") is None


def test_a_damaged_entry_is_put_aside(log, connection):
    log.append([record("a")])
    fields = connection.client.xrange(connection.key("answers"))[0][1]
    fields[b"body"] = fields[b"body"].replace(b"wer?", b"was?")
    connection.client.xadd(connection.key("answers"), fields, id="2-0")
    connection.client.set(connection.key("sequence"), 2)
    page = log.read_page(0, 10)
    assert ([one.id for one in page.records], page.damaged) == (["a"], (2,))


def test_namespaces_do_not_meet(redis_server):
    one, other = (RedisAttentionLog(redis_server.connection(name)) for name in ("one", "other"))
    one.append([record("a")])
    assert (other.last_sequence(), other.get("a")) == (0, None)
    assert one.identity != other.identity


@pytest.mark.parametrize("url", ["http://x", "nonsense"])
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(BadRequest, match=r"rediss:// for TLS"):
        RedisConnection(url)


def test_moods_of_a_server_are_sentences_without_its_password(tmp_path):
    server = RedisServer(tmp_path, "--requirepass", "secret", "--maxmemory", "3mb")
    wrong = server.url.replace("redis://", "redis://:mistaken@")
    with pytest.raises(RedisAway, match="refuses this user") as refused:
        RedisAttentionLog(RedisConnection(wrong)).probe()
    assert "mistaken" not in str(refused.value)
    right = RedisConnection(server.url.replace("redis://", "redis://:secret@"), patience_s=0.3)
    log = RedisAttentionLog(right)
    log.append([record("a")])
    assert right.warning() is None
    with pytest.raises(RedisAway, match="takes no writes"):
        for number in range(3000):
            log.append([record(f"{number}.{n}") for n in range(20)])
    last = log.last_sequence()
    assert len(log.read_since(0, 100_000)) == last  # none of the refused ones is there in part
    server.freeze()
    with pytest.raises(RedisAway, match="does not answer"):
        log.probe()
    server.thaw()
    assert log.last_sequence() == last
    server.restart()
    assert log.last_sequence() == last  # its append-only file has it all
    server.kill()
    with pytest.raises(RedisAway, match="does not answer"):
        log.last_sequence()
