"""What a passage's source is shown as: a path relative to the folder that was ingested.

The stored source is the file's absolute path, by which the next ingest knows it again; nobody who
asks needs to see where on this machine it lies. Knows paths; does not look at the files.
"""

import json
import os
from collections.abc import Sequence

from reread.commit import replace_text
from reread.home import Home


def known_roots(home: Home) -> list[str]:
    """Folders that were ingested, as absolute paths; none before the first ingest."""
    try:
        roots = json.loads(home.roots_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [str(one) for one in roots] if isinstance(roots, list) else []


def write_roots(home: Home, roots: Sequence[str]) -> None:
    replace_text(home.roots_file, json.dumps(list(roots), ensure_ascii=True))


def shown_source(source: str, roots: Sequence[str]) -> str:
    """Relative to the outermost root that holds it; what is no path of ours stays as it is.

    >>> shown_source("/srv/docs/guide/a.md#page=3", ["/srv/docs", "/srv/docs/guide"])
    'guide/a.md#page=3'
    >>> shown_source("https://example.org/a", ["/srv/docs"])
    'https://example.org/a'
    """
    for root in sorted(roots, key=len):
        prefix = root if root.endswith(os.sep) else root + os.sep
        if source.startswith(prefix):
            return source[len(prefix) :]
    # A home from before roots were kept: a name says enough. Else whoever posted it named it so.
    return os.path.basename(source) if os.path.isabs(source) and not roots else source
