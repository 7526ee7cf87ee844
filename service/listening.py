"""The service's socket, bound before anything slow is loaded.

Knows addresses; does not know what will be served on them.
"""

import errno
import socket

from reread.errors import RereadError


class CannotListen(RereadError):
    title = "The address cannot be used"


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; raises CannotListen with a sentence where that fails."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotListen(f"{host} is no address of this machine ({error.strerror}).") from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # no wait after a restart
        bound.bind(address)
        bound.listen(1024)  # now: a second service must fail here, not after loading its models
    except OSError as error:
        bound.close()
        raise CannotListen(_sentence(host, port, error)) from error
    return bound


def url_of(host: str, bound: socket.socket) -> str:
    """The address to open in a browser."""
    port = bound.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is taken by another program: stop that one or choose another "
            f"with --port."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has: choose one above 1023."
    return f"Cannot listen on {host}, port {port}: {error.strerror}; choose another --host."
