"""Who changed what: one JSON line per promotion, choice, removal and use of an admin key.

Appended and flushed before the change is acknowledged; nothing reads it but people. Knows neither
keys nor what was changed beyond the words it is given.
"""

import json
import logging
import os
import time

from reread.home import Home

logger = logging.getLogger(__name__)
LARGEST_BYTES = 8 * 1024 * 1024  # then it becomes the older of two


def note(home: Home, what: str, **facts: object) -> None:
    """Append one line; where that fails the change still happens, and the log says so."""
    line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "what": what, **facts}
    text = json.dumps(line, ensure_ascii=True, default=str) + "\n"
    try:
        _append(home, text.encode("ascii"))
    except OSError as error:
        logger.error("the audit log could not be written (%s): %s", error, text.strip())


def _append(home: Home, line: bytes) -> None:
    path = home.audit_file
    if path.exists() and path.stat().st_size + len(line) > LARGEST_BYTES:
        path.replace(path.with_suffix(".old.jsonl"))
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)  # one write: lines of several processes do not mix
        os.fsync(handle)
    finally:
        os.close(handle)
