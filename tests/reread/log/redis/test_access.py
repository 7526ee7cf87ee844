"""Redis over TLS, for a user who may do only what the documentation lists."""

import ipaddress
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reread.log.redis.attention_log import RedisAttentionLog
from reread.log.redis.buckets import RedisBuckets
from reread.log.redis.connection import RedisAway, RedisConnection
from reread.log.redis.jobs import RedisJobBoard
from reread.log.redis.spool import SpooledLog
from reread.records import Feedback
from tests.reread.log.test_attention_log import record
from tests.worlds.redis_server import RedisServer

DOCUMENTATION = Path(__file__).parents[4] / "docs" / "operating.md"
PASSWORD = "geheim7731"


def make_certificate(file: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis of a test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """With the very lines of docs/operating.md as its access list."""
    folder = tmp_path_factory.mktemp("tls")
    found = re.search(r"```acl\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (folder / "users.acl").write_text(found[1].replace("PASSWORD", PASSWORD))
    pem = make_certificate(folder / "redis.pem")
    server = RedisServer(folder / "data", "--aclfile", str(folder / "users.acl"), certificate=pem)
    yield server
    server.kill()


def url(server: RedisServer, *, password: str = PASSWORD, trusted: str | None = None) -> str:
    pem = trusted or server._tls["ssl_ca_certs"]
    return f"rediss://reread:{password}@127.0.0.1:{server.port}/0?ssl_ca_certs={pem}"


@pytest.fixture
def connection(server: RedisServer) -> Iterator[RedisConnection]:
    made = RedisConnection(url(server), "reread")
    yield made
    made.close()


def test_log_jobs_and_buckets_need_no_more_than_is_documented(
    connection: RedisConnection, tmp_path: Path
) -> None:
    log = RedisAttentionLog(connection)
    log.probe()
    assert log.identity == log.identity and connection.warning() is None
    spooled = SpooledLog(log, tmp_path)
    spooled.append([record("a"), record("b")])
    assert log.last_sequence() == 2 and log.get("b") is not None
    assert [one.id for one in log.read_since(0, 10)] == ["a", "b"]
    log.append_feedback(Feedback("a", "wrong", None, (), 1.0))
    assert [one.verdict for one in log.feedback_since(0)] == ["wrong"]
    assert log.settle("trainer", reclaim_ms=0) == 0
    assert log.forget({"p4"}) == 2 and log.compact()
    spooled.close()
    board = RedisJobBoard(connection)
    job = board.request({"epochs": 1}, 1.0)
    assert [one.id for one in board.list()] == [job.id]
    claimed = board.claim("t", 2.0, 10.0)
    assert claimed is not None and board.heartbeat(job.id, claimed[1], 3.0, 10.0)
    assert board.update(job.id, claimed[1], stage="training")
    assert board.finish(job.id, claimed[1], "done", generation=2, metrics={}, now=4.0)
    assert board.cancel(board.request({}, 5.0).id, 6.0).state == "cancelled"
    buckets = RedisBuckets(connection, "key", 1)
    assert [buckets.take("a") > 0 for _ in range(2)] == [False, True]


def test_the_user_may_do_nothing_else(connection: RedisConnection) -> None:
    client = connection.client
    for refused in (
        lambda: client.set("other", "x"),
        lambda: client.get("{other}:answers"),
        lambda: client.keys("*"),
        lambda: client.flushall(),
        lambda: client.config_get("*"),
        lambda: client.acl_list(),
        lambda: client.eval("return redis.call('GET', 'other')", 0),
        lambda: client.publish("channel", "x"),
        lambda: client.xtrim(connection.key("answers"), maxlen=0),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            refused()


def test_who_is_refused_reads_why_and_no_password(server: RedisServer, tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other.pem")
    plain = f"redis://reread:{PASSWORD}@127.0.0.1:{server.port}/0"
    for address, words in (
        (url(server, password="falsch-9"), "refuses this user"),
        (url(server, trusted=str(other)), "certificate verify failed"),
        (url(server).partition("?")[0], "certificate verify failed"),
        (plain, "does not answer"),
    ):
        log = RedisAttentionLog(RedisConnection(address, "reread", patience_s=1.0))
        with pytest.raises(RedisAway, match=words) as refusal:
            log.probe()
        said = f"{refusal.value} {refusal.value.__cause__!r}"
        assert PASSWORD not in said and "falsch-9" not in said
