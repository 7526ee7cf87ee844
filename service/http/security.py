"""Who may ask and who may administer: one Bearer header, two kinds of keys.

Without query keys anybody who can connect may ask; admin routes always need the admin key.
"""

import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers

from reread.commit import storage_errors
from reread.errors import RereadError, Unauthorized
from reread.home import Home
from reread.rights import EVERYBODY, OWNER, Rights
from service.http.key_file import KeyFile, StoredKey, hash_of


class Forbidden(RereadError):
    status = 403
    title = "This key is not enough"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key came with a request."""

    name: str
    is_admin: bool
    rights: Rights = EVERYBODY


@dataclass(frozen=True, slots=True)
class Keys:
    admin: str | None = field(repr=False)
    query: tuple[str, ...] = field(default=(), repr=False)
    file: KeyFile | None = field(default=None, repr=False)

    @property
    def protect(self) -> bool:
        """Whether nobody is answered without a key."""
        return bool(self.query) or self.has_stored("query")

    @property
    def trouble(self) -> str | None:
        """Why the named keys are not as they stand in their file."""
        return None if self.file is None else self.file.trouble

    def has_stored(self, right: str) -> bool:
        return any(one.right == right for one in self._stored())

    def caller(self, given: str | None) -> Caller | None:
        """Who holds this key. Every key is looked at, hashed, and in constant time."""
        if given is None:
            return None
        digest, found = hash_of(given), None
        for key, caller in self._known():
            if hmac.compare_digest(digest, key) and found is None:
                found = caller
        return found

    def rights(self, given: str | None) -> Rights:
        """What may be seen with this key, or without any."""
        caller = self.caller(given)
        return EVERYBODY if caller is None else caller.rights

    def require_query(self, given: str | None) -> None:
        """Pass whoever holds any key, or everybody where no query keys are configured."""
        if self.protect and self.caller(given) is None:
            raise Unauthorized(
                "This service needs a key: send Authorization: Bearer <one of REREAD_QUERY_KEYS, "
                "or one made with `reread keys add NAME`>."
            )

    def require_admin(self, given: str | None) -> None:
        caller = self.caller(given)
        if caller is None:
            raise Unauthorized(
                "This route needs Authorization: Bearer <admin key>; the key is REREAD_ADMIN_KEY "
                "or, where none was set, in the file admin.key of the home."
            )
        if not caller.is_admin:
            raise Forbidden("A query key cannot do this; send the admin key instead.")

    def _stored(self) -> Sequence[StoredKey]:
        return () if self.file is None else self.file.present()

    def _known(self) -> Iterator[tuple[str, Caller]]:
        if self.admin is not None:
            yield hash_of(self.admin), Caller("REREAD_ADMIN_KEY or admin.key", True, OWNER)
        for place, key in enumerate(self.query, 1):
            yield hash_of(key), Caller(f"REREAD_QUERY_KEYS {place}", False)
        for one in self._stored():
            is_admin = one.right == "admin"
            rights = OWNER if is_admin else Rights(frozenset(one.labels))
            yield one.sha256, Caller(one.name, is_admin, rights)


def bearer_of(headers: Headers) -> str | None:
    """The key that a request brings, as FastAPI's HTTPBearer finds it."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" and key else None


def admin_key_of(home: Home, configured: str | None) -> tuple[str, bool]:
    """The admin key, and whether it was made just now and so must be shown once."""
    if configured is not None:
        return configured, False
    path = home.admin_key_file
    stored = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if stored:
        path.chmod(0o600)
        return stored, False
    key = secrets.token_urlsafe(24)
    with storage_errors(str(path)):
        home.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)
            file.write(key + "\n")
            file.flush()
            os.fsync(handle)
    return key, True


QUERY_KEY, ADMIN_KEY = "query key", "admin key"  # as /openapi.json calls them


def _bearer(name: str, meaning: str) -> HTTPBearer:
    return HTTPBearer(auto_error=False, bearerFormat="key", scheme_name=name, description=meaning)


Given = HTTPAuthorizationCredentials | None
QueryKey = Annotated[Given, Depends(_bearer(QUERY_KEY, "Needed where the service has query keys."))]
AdminKey = Annotated[Given, Depends(_bearer(ADMIN_KEY, "Always needed; it may also ask."))]


def query_access(request: Request, credentials: QueryKey) -> None:
    """Dependency of the routes that answer."""
    request.app.state.parts.keys.require_query(credentials and credentials.credentials)


def rights_of(request: Request) -> Rights:
    """What whoever sent this may see."""
    keys: Keys = request.app.state.parts.keys
    return keys.rights(bearer_of(request.headers))


AskedBy = Annotated[Rights, Depends(rights_of)]


def admin_access(request: Request, credentials: AdminKey) -> None:
    """Dependency of the routes that change something."""
    request.app.state.parts.keys.require_admin(credentials and credentials.credentials)
