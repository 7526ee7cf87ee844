"""`reread backup` and `reread restore`: a whole copy of a home, also while its processes write.

What is numbered never changes once it is there, so it is copied as it is. The databases are copied
after it, each as of one moment: a log holds at least what the copied checkpoints learnt from.
Nothing is published or removed meanwhile; a corpus that came meanwhile is copied, too.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from command.options import HomeOption, settings_from
from command.terminal.console import make_console
from reread.artefacts.seals import check_files, seal, seal_files, unseal
from reread.audit import note
from reread.commit import committed_dir, exclusive, fsync_tree, storage_errors
from reread.errors import BadRequest, Conflict, CorruptArtefact
from reread.home import Home, numbers
from reread.log.database import copy_database
from reread.service_address import running_service

FORMAT = 1
LABEL = "BACKUP"  # of a backup: what it is and the hash of every file
UNFINISHED = ".restoring"  # in a home that is being restored
ATTEMPTS = 10  # to see no new corpus while the databases are copied

FolderArgument = Annotated[Path, typer.Argument(help="The backup's folder.")]


def add_commands(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(folder: FolderArgument, home: HomeOption = None) -> None:
    """Copy the home into a new folder, while its processes run."""
    settings = settings_from(home=home)
    place = Home(settings.home)
    if not place.log_dir.is_dir():
        raise BadRequest(f"{place.root} is no home of Reread; name one with --home.")
    console = make_console()
    with console.status(f"Copying {place.root} ..."):
        size = save(place, folder.absolute())
    note(place, "backed up", folder=str(folder.absolute()))
    console.print(f"{folder} holds {place.root}, {size / 1e6:,.0f} MB; keys are in it.")
    if settings.machine.redis_url is not None:
        console.print("The log and the jobs are on Redis: back up its append-only file as well.")


def restore(folder: FolderArgument, home: HomeOption = None) -> None:
    """Make a home, which must be empty, what it was when the backup was made."""
    place = Home(settings_from(home=home).home)
    load(folder.absolute(), place)
    note(place, "restored", folder=str(folder.absolute()))
    make_console().print(f"{place.root} is what {folder} holds; start it with `reread serve`.")


def save(home: Home, folder: Path) -> int:
    """Back up; the folder is there whole or not at all. Returns its bytes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with committed_dir(folder) as scratch, exclusive(home.publish_lock):
        scratch.chmod(0o700)
        copy = Home(scratch).create()
        _copy_until_still(home, copy)
        for source, target in zip(home.small_files, copy.small_files, strict=True):
            if source.is_file():
                shutil.copy2(source, target)
        if home.audit_file.is_file():
            shutil.copy2(home.audit_file, copy.audit_file)
        if (home.log_dir / "spool").is_dir():  # records on their way to Redis
            shutil.copytree(home.log_dir / "spool", copy.log_dir / "spool")
        files = seal_files(scratch)
        (scratch / LABEL).write_text(seal({"format": FORMAT, "files": files}), encoding="utf-8")
    return sum(int(one["size"]) for one in files.values())


def _copy_until_still(home: Home, copy: Home) -> None:
    """A corpus says up to which change it knows: the list of changes must not be older."""
    for _ in range(ATTEMPTS):
        before = numbers(home.passages_dir)
        for source, target in zip(home.numbered_dirs, copy.numbered_dirs, strict=True):
            _copy_numbered(source, target)
        for source, target in zip(home.databases, copy.databases, strict=True):
            if source.is_file():
                target.unlink(missing_ok=True)
                copy_database(source, target)
        if numbers(home.passages_dir) == before:
            return
    raise Conflict(
        f"{ATTEMPTS} times a corpus was written while {home.root} was copied: end the ingest that "
        "is running, then back up again."
    )


def _copy_numbered(source: Path, target: Path) -> None:
    for number in numbers(source):
        if not (target / str(number)).exists():
            shutil.copytree(source / str(number), target / str(number))


def load(folder: Path, home: Home) -> None:
    """Restore; refuses a damaged backup, and a home that holds anything."""
    sealed = unseal(folder / LABEL)
    if sealed.get("format") != FORMAT:
        raise CorruptArtefact.mismatch(folder / LABEL, "format", FORMAT, sealed.get("format"))
    _require_vacant(home)
    check_files(folder, sealed["files"])
    with storage_errors(str(home.root)):
        home.root.mkdir(parents=True, exist_ok=True)
        (home.root / UNFINISHED).write_text(json.dumps(str(folder)), encoding="utf-8")
        last = home.current_file.name  # so that nothing serves before all of it is there
        for name in sorted(sealed["files"], key=lambda one: one == last):
            target = home.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, target)
        home.create()
        fsync_tree(home.root)
        (home.root / UNFINISHED).unlink()


def _require_vacant(home: Home) -> None:
    """A restoration that was killed is begun again."""
    if running_service(home) is not None:
        raise Conflict(f"A service of {home.root} is running; stop it, and restore elsewhere.")
    if (home.root / UNFINISHED).exists():
        for path in (*home.numbered_dirs, home.log_dir, *home.small_files):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    held = [one for one in home.root.rglob("*") if one.is_file() and one.name != UNFINISHED]
    if held:
        raise Conflict(
            f"{home.root} is not empty ({held[0].relative_to(home.root)}): restore into a new "
            "folder with --home, or move this one away."
        )
