"""A page of a PDF -> a picture of it, grey, as PNG.

Knows pixels; does not know what is on them.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

DOTS_PER_INCH = 300
MOST_PIXELS = 30_000_000  # a poster is drawn smaller
POINTS_PER_INCH = 72
DOTS_PER_METRE = round(DOTS_PER_INCH / 0.0254)


def picture_of(page: Any) -> bytes:
    """`page`: PDFium's."""
    width, height = page.get_size()
    scale = DOTS_PER_INCH / POINTS_PER_INCH
    scale = min(scale, (MOST_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        rows = bitmap.to_numpy()
        grey = rows.reshape(rows.shape[0], rows.shape[1], -1)[:, :, 0]
        return grey_png(grey.shape[1], [row.tobytes() for row in grey])
    finally:
        bitmap.close()


def grey_png(width: int, rows: list[bytes]) -> bytes:
    """Eight bits a pixel, a row of bytes for each line from the top."""
    header = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    density = struct.pack(">IIB", DOTS_PER_METRE, DOTS_PER_METRE, 1)
    lines = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    chunks = ((b"IHDR", header), (b"pHYs", density), (b"IDAT", lines), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
