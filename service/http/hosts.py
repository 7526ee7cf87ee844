"""Which requests reach the service at all: by the Host they name and the page that sent them.

A browser on this machine runs pages of every site. One of them can name the service's address
(CSRF), or let its own name point to it (DNS rebinding). Browsers say the truth in Host, Origin and
Sec-Fetch-Site; other programs are only asked for a Host that this service has. Knows no key.
"""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from reread.errors import RereadError
from service.settings import LOCAL_NAMES, ServiceSettings

ANY = "*"
FOREIGN = ("cross-site", "same-site")  # another port of this machine is "same-site"


class UnknownHost(RereadError):
    status = 421
    title = "This service has another name"


class ForeignPage(RereadError):
    status = 403
    title = "Pages of other sites may not do this"


class HostCheck:
    """Passes requests that are meant for this service and come from no other site's page.

    `keys_protect` says whether whoever asks needs a key, which no page of another site has.
    """

    def __init__(self, settings: ServiceSettings, keys_protect: Callable[[], bool]) -> None:
        self._host = settings.host.lower()
        self._chosen = frozenset(name.lower() for name in settings.allowed_hosts)
        self._everywhere = settings.is_everywhere
        self._keys_protect = keys_protect

    def require(self, headers: Headers) -> None:
        """Raises UnknownHost or ForeignPage with what to set, where the request does not fit."""
        if ANY in self._chosen:
            return
        if self._everywhere and not self._chosen and self._keys_protect():
            return
        hosts = headers.getlist("host")
        named = hosts[0].strip() if len(hosts) == 1 else ""
        self._require_host(named)
        origin = headers.get("origin")
        if origin is not None:
            self._require_origin(origin, named)
        elif headers.get("sec-fetch-site") in FOREIGN and not _is_followed_link(headers):
            raise ForeignPage(
                "A page of another site sent this request; open the service's own page, or ask "
                "from a program instead of a page."
            )

    def _require_host(self, named: str) -> None:
        name = name_of(named)
        if not (self._is_own(name) or name in self._chosen):
            raise UnknownHost(
                f"The request is for {named[:80]!r}, which is no name of this service; ask "
                f"{self._host} instead, or add the name to REREAD_ALLOWED_HOSTS."
            )

    def _require_origin(self, origin: str, named: str) -> None:
        own = authority_of(origin)
        if own is None or not (own == named.lower() or name_of(own) in self._chosen):
            raise ForeignPage(
                f"A page of {origin[:80]!r} sent this request to {named[:80]!r}; only the "
                "service's own page may, or one of a name in REREAD_ALLOWED_HOSTS."
            )

    def _is_own(self, name: str) -> bool:
        address = _address(name)
        if name in LOCAL_NAMES or name == self._host or (address and address.is_loopback):
            return True
        return address is not None and self._everywhere  # no site's name can be an address


def name_of(host: str) -> str:
    """The name in a Host header, without port, brackets and case; "" where it is none.

    >>> [name_of(one) for one in ("LocalHost:8765", "[::1]:80", "a.example.", "u@localhost", ":1")]
    ['localhost', '::1', 'a.example', '', '']
    """
    if any(one in host for one in "@/?#\\ ,"):
        return ""
    if host.startswith("["):
        name, end, port = host[1:].partition("]")
        if not end or port[:1] not in ("", ":"):
            return ""
        port = port.removeprefix(":")
    elif host.count(":") > 1:
        return ""
    else:
        name, _, port = host.partition(":")
    if port and not port.isdecimal():
        return ""
    return name.lower().removesuffix(".")


def authority_of(origin: str) -> str | None:
    """Host and port of an Origin header, in lower case; None for "null" and what is no origin.

    >>> [authority_of(one) for one in ("http://LocalHost:8765", "https://a.example", "null")]
    ['localhost:8765', 'a.example', None]
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.path or parts.query or parts.fragment:
        return None
    return parts.netloc.lower() or None


def _is_followed_link(headers: Headers) -> bool:
    return headers.get("sec-fetch-mode") == "navigate"


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
