"""The paths of one installation's state directory.

Knows names and numbers only; what is inside each path belongs to the module that writes it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

SCRATCH = re.compile(r"^\.(\d+)\.")  # what commit.committed_dir leaves while it works


@dataclass(frozen=True, slots=True)
class Home:
    """passages/<n> log/ checkpoints/<n> generations/<n> CURRENT, each with one writer."""

    root: Path

    @property
    def passages_dir(self) -> Path:
        return self.root / "passages"

    @property
    def log_dir(self) -> Path:
        return self.root / "log"

    @property
    def checkpoints_dir(self) -> Path:
        return self.root / "checkpoints"

    @property
    def generations_dir(self) -> Path:
        return self.root / "generations"

    @property
    def readers_dir(self) -> Path:
        return self.root / "readers"

    @property
    def current_file(self) -> Path:
        return self.root / "CURRENT"

    @property
    def published_file(self) -> Path:
        """Exists once anything was published: then a missing CURRENT is a loss, not a beginning."""
        return self.root / ".published"

    @property
    def pins_file(self) -> Path:
        return self.root / "PINS"

    @property
    def publish_lock(self) -> Path:
        return self.root / ".publish.lock"

    @property
    def jobs_file(self) -> Path:
        return self.log_dir / "jobs.db"

    @property
    def teacher_scores_file(self) -> Path:
        return self.log_dir / "teacher.db"

    @property
    def log_file(self) -> Path:
        return self.log_dir / "attention.db"

    @property
    def changes_file(self) -> Path:
        return self.log_dir / "changes.db"

    @property
    def roots_file(self) -> Path:
        return self.root / "ROOTS"

    @property
    def service_file(self) -> Path:
        return self.root / "SERVICE"

    @property
    def settings_file(self) -> Path:
        return self.root / "reread.toml"

    @property
    def admin_key_file(self) -> Path:
        return self.root / "admin.key"

    @property
    def keys_file(self) -> Path:
        """Hashes of named keys."""
        return self.root / "keys.json"

    @property
    def question_key_file(self) -> Path:
        """Of the hashes of questions, where these are logged; nobody else can make them."""
        return self.log_dir / "questions.key"

    @property
    def audit_file(self) -> Path:
        return self.log_dir / "audit.jsonl"

    @property
    def ask_history_file(self) -> Path:
        """What was typed at `reread ask`, for its arrow keys."""
        return self.root / "ask_history"

    @property
    def trainer_pid_file(self) -> Path:
        return self.log_dir / "trainer.pid"

    @property
    def service_output_file(self) -> Path:
        """What a service that the demonstration started says."""
        return self.log_dir / "service.log"

    @property
    def numbered_dirs(self) -> tuple[Path, ...]:
        """Folders of committed, numbered folders."""
        return self.passages_dir, self.generations_dir, self.checkpoints_dir

    @property
    def databases(self) -> tuple[Path, ...]:
        return self.log_file, self.jobs_file, self.changes_file, self.teacher_scores_file

    @property
    def small_files(self) -> tuple[Path, ...]:
        """How this home is set up and what serves: with the above, all that a copy must have."""
        return (
            self.pins_file, self.published_file, self.roots_file, self.settings_file,
            self.admin_key_file, self.keys_file, self.question_key_file, self.current_file,
        )  # fmt: skip

    def create(self) -> "Home":
        """Make the folders that are missing; existing ones are left as they are."""
        for folder in (
            self.passages_dir,
            self.log_dir,
            self.checkpoints_dir,
            self.generations_dir,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        return self


def numbers(folder: Path) -> list[int]:
    """Committed numbered subfolders, ascending; work in progress is invisible."""
    if not folder.is_dir():
        return []
    return sorted(int(one.name) for one in folder.iterdir() if one.name.isdecimal())


def next_number(folder: Path) -> int:
    """One above everything committed or being written, so two writers seldom collide."""
    taken = numbers(folder)
    if folder.is_dir():
        matches = (SCRATCH.match(one.name) for one in folder.iterdir())
        taken += [int(match.group(1)) for match in matches if match]
    return max(taken, default=0) + 1
