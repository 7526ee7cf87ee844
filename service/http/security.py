"""Who may ask and who may administer: one Bearer header, two kinds of keys.

Without query keys anybody who can connect may ask; admin routes always need the admin key.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reread.commit import storage_errors
from reread.errors import RereadError, Unauthorized
from reread.home import Home


class Forbidden(RereadError):
    status = 403
    title = "This key is not enough"


@dataclass(frozen=True, slots=True)
class Keys:
    admin: str = field(repr=False)
    query: tuple[str, ...] = field(default=(), repr=False)

    @property
    def protect(self) -> bool:
        """Whether nobody is answered without a key."""
        return bool(self.query)

    def require_query(self, given: str | None) -> None:
        """Pass whoever holds any key, or everybody where no query keys are configured."""
        if not self.query or self.is_admin(given):
            return
        if not any([_same(given, key) for key in self.query]):  # a list: look at all of them
            raise Unauthorized(
                "This service needs a key: send Authorization: Bearer <one of REREAD_QUERY_KEYS>."
            )

    def require_admin(self, given: str | None) -> None:
        if self.is_admin(given):
            return
        if given is not None and any([_same(given, key) for key in self.query]):
            raise Forbidden("A query key cannot do this; send the admin key instead.")
        raise Unauthorized(
            "This route needs Authorization: Bearer <admin key>; the key is REREAD_ADMIN_KEY or, "
            "where none was set, in the file admin.key of the home."
        )

    def is_admin(self, given: str | None) -> bool:
        return _same(given, self.admin)


def _same(given: str | None, key: str) -> bool:
    """Compare in constant time; hashing first hides the length too."""
    if given is None:
        return False
    return hmac.compare_digest(sha256(given.encode()).digest(), sha256(key.encode()).digest())


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


Credentials = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, bearerFormat="key"))
]


def query_access(request: Request, credentials: Credentials) -> None:
    """Dependency of the routes that answer."""
    request.app.state.parts.keys.require_query(credentials and credentials.credentials)


def admin_access(request: Request, credentials: Credentials) -> None:
    """Dependency of the routes that change something."""
    request.app.state.parts.keys.require_admin(credentials and credentials.credentials)
