"""The web page: its files as they lie in service/page, under a policy that lets in nothing else."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from reread.errors import NotFound

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parents[1] / "page"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # asked again every time, sent again only when changed
}


@router.get("/")
def page() -> FileResponse:
    return FileResponse(FOLDER / "index.html", media_type="text/html", headers=HEADERS)


@router.get("/page/{name}")
def part(name: str) -> FileResponse:
    """A style, script or drawing of the page."""
    known = {path.name: path for path in FOLDER.iterdir() if path.suffix in TYPES}
    if name not in known:
        raise NotFound(f"The page has no part {name[:64]!r}; open / for the page itself.")
    return FileResponse(known[name], media_type=TYPES[known[name].suffix], headers=HEADERS)
