"""A disk that loses power: what SQLite wrote and synced, in order, and the disk after any of it.

What a file got before its last sync is there; of later writes any may be there, whole or in part.
Knows files and bytes; does not know what they mean.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

import apsw


@dataclass(frozen=True, slots=True)
class Step:
    """A write, a truncation (no data), a sync, or the end of one file."""

    file: str
    data: bytes | None = None
    place: int = 0
    is_sync: bool = False
    is_end: bool = False


@dataclass
class Disk:
    """Writes go through to real files and are remembered."""

    steps: list[Step] = field(default_factory=list)

    def __enter__(self) -> "Disk":
        self._layer = _Layer("losing power", self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._layer.unregister()

    def after(self, count: int, chance: Random, folder: Path) -> None:
        """Write into `folder` what is on the disk when the power goes after so many steps."""
        by_file: defaultdict[str, list[Step]] = defaultdict(list)
        for one in self.steps[:count]:
            if one.is_end:  # SQLite has the folder synced
                by_file.pop(one.file, None)
            else:
                by_file[one.file].append(one)
        for name, steps in by_file.items():
            synced = max((i for i, one in enumerate(steps) if one.is_sync), default=-1)
            content = bytearray()
            for i, one in enumerate(steps):
                if i <= synced:
                    _apply(content, one, 1.0)
                elif chance.random() < 0.7:
                    _apply(content, one, chance.choice([1.0, 1.0, chance.random()]))
            (folder / Path(name).name).write_bytes(content)


def _apply(content: bytearray, step: Step, share: float) -> None:
    if step.is_sync:
        return
    if step.data is None:
        del content[step.place :]
        return
    data = step.data[: int(len(step.data) * share)]
    content.extend(bytes(max(0, step.place + len(data) - len(content))))
    content[step.place : step.place + len(data)] = data


class _Layer(apsw.VFS):
    """Every database that is opened meanwhile goes through it."""

    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, base="unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> "_File":  # noqa: N802 - apsw's name
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self._disk.steps.append(Step(filename, is_end=True))


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._steps = disk.steps
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._steps.append(Step(self._name, bytes(data), offset))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._steps.append(Step(self._name, None, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._steps.append(Step(self._name, is_sync=True))
