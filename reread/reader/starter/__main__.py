"""`python -m reread.reader.starter TUNED`: make the shipped difference from a tuned folder."""

import json
import sys
from pathlib import Path

from reread.reader.starter.base import check_base, find_base
from reread.reader.starter.folder import make_delta


def main(arguments: list[str]) -> int:
    """Write the difference and its facts into the package; 2 where no folder was named."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m reread.reader.starter TUNED\n")
        return 2
    base = find_base()
    check_base(base)
    sys.stdout.write(json.dumps(make_delta(base, Path(arguments[0])), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
