"""The manifest: what a generation is made of, with a hash of every file and of itself.

Knows the fields and how they are checked; does not open models, indexes or passages.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from reread.artefacts.seals import FileSeals, check_files, file_sha256, seal, unseal
from reread.commit import replace_text
from reread.errors import CorruptArtefact

FORMAT = 1
LATER = {"student"}  # fields that manifests of earlier versions do not have
MANIFEST_FILE, VERIFIED_FILE = "manifest.json", "VERIFIED"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Binds retriever, index and corpus: a file of another generation has another hash."""

    number: int
    retriever: str  # bm25 | dense | late
    model: str  # what the retriever was loaded from, for people to read
    index: str | None  # FAISS factory string of a dense generation
    dimension: int | None
    count: int  # passages
    corpus: int  # passages/<corpus>
    corpus_fingerprint: str
    corpus_files: FileSeals
    files: FileSeals  # everything in this directory but the manifest and the mark
    parent: int | None
    checkpoint: int | None
    cursor: int  # the log was trained on up to here
    fence: int
    metrics: dict[str, Any]
    created_s: float
    student: str | None = None  # transformer | lstm | cnn; None = words, or made before there were

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    text = seal({"format": FORMAT, **asdict(manifest)})
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Cheap: checks the manifest's own hash only. Raises CorruptArtefact."""
    path = folder / MANIFEST_FILE
    body = unseal(path)
    if body.pop("format", None) != FORMAT:
        raise CorruptArtefact(
            f"{path} was written by another version of Reread, this one reads format {FORMAT}: "
            f"run `reread build`, or use the version that wrote it"
        )
    expected = {one.name for one in fields(Manifest)}
    if set(body) | LATER != expected:
        raise CorruptArtefact.mismatch(path, "fields", sorted(expected), sorted(body))
    if str(body["number"]) != folder.name and not folder.name.startswith("."):
        raise CorruptArtefact.mismatch(path, "number", folder.name, body["number"])
    return Manifest(**body)


def check_generation_files(folder: Path, corpus_folder: Path, manifest: Manifest) -> None:
    """Hash every file of the generation and of its corpus, before anything parses them."""
    check_files(folder, manifest.files)
    check_files(corpus_folder, manifest.corpus_files)


def mark_verified(folder: Path, report: Mapping[str, Any]) -> None:
    """Allow publishing: the mark is bound to this manifest."""
    body = {"manifest_sha256": file_sha256(folder / MANIFEST_FILE), "report": dict(report)}
    replace_text(folder / VERIFIED_FILE, seal(body))


def verified_report(folder: Path) -> dict[str, Any]:
    """What verification measured; raises CorruptArtefact if this was never verified."""
    mark = folder / VERIFIED_FILE
    if not mark.exists():
        raise CorruptArtefact(
            f"{folder} was never verified, its build did not finish: run `reread build` again"
        )
    body = unseal(mark)
    found = file_sha256(folder / MANIFEST_FILE)
    if body["manifest_sha256"] != found:
        raise CorruptArtefact.mismatch(
            folder / MANIFEST_FILE, "sha256", body["manifest_sha256"], found
        )
    return dict(body["report"])
