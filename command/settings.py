"""Settings: flags > environment (REREAD_*) > `reread.toml` in the home > defaults.

One flat list of names for every process, made of the processes' own settings classes and of what
the command line itself decides. Unknown keys, in the file or the environment, are errors.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reread.errors import BadRequest
from reread.home import Home
from reread.settings import Setting, made, setting, settings_of
from service.settings import ServiceSettings
from trainer.settings import DistilSettings, GateSettings, TrainerSettings

PREFIX = "REREAD_"
OUTSIDE = frozenset({"REREAD_FAILPOINT"})  # for the tests of crashes; read where it is used


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """What the command line itself decides: where, with which models, on what."""

    home: Path = setting(Path("~/.reread"), "State directory.")
    reader: str | None = setting(
        None,
        "Name or folder of a T5, FLAN-T5 or BART reader, or of a causal model (Llama, Qwen, "
        "SmolLM, Gemma, Phi); starter-small: the one before; none: the starter reader.",
    )
    retriever: str | None = setting(
        None,
        "Encoder that dense and late generations start from; none: MiniLM.",
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:1, ...")
    reader_dtype: str = setting("auto", "The reader's numbers: auto, float32, bfloat16.")
    num_beams: int | None = setting(None, "Beams of an answer; none: as the reader's folder says.")
    max_answer_tokens: int | None = setting(
        None, "Longest answer; none: 50, of a causal reader 160."
    )
    refuse_below: float | None = setting(
        None,
        "Nothing is answered where the passages hold an answer with a smaller probability than "
        "this; none: as the reader was calibrated.",
    )
    reader_cache_mb: int = setting(
        1024, "Memory for passages that a causal reader has read, MB; 0: every one is read anew."
    )
    ocr: str | None = setting(
        None,
        "Command that prints the text on a picture, for pages of a PDF that are one, as in "
        "'tesseract {image} -'; none: such pages are reported.",
    )
    threads: int = setting(0, "Compute threads of a process; 0: as many as cores.")
    redis_url: str | None = setting(
        None,
        "Log and jobs on Redis for several replicas, rediss://user:pass@host; none: files.",
        secret=True,
    )
    redis_namespace: str = setting("reread", "What this installation's keys in Redis begin with.")
    index: str = setting("auto", "FAISS factory string of a dense index, or auto.")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, a part per process."""

    machine: MachineSettings
    service: ServiceSettings
    trainer: TrainerSettings

    @property
    def home(self) -> Path:
        return self.machine.home

    @property
    def device(self) -> str:
        return self.machine.device


GROUPS = (MachineSettings, ServiceSettings, DistilSettings, GateSettings, TrainerSettings)
TWICE = ("start_encoder",)  # `retriever` by another name; `device` has one meaning for all


def known_settings() -> dict[str, Setting]:
    """Every setting by its name, in the order of the groups."""
    found: dict[str, Setting] = {}
    for group in GROUPS:
        for one in settings_of(group):
            if one.name not in TWICE:
                found.setdefault(one.name, one)
    return found


def load_settings(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Mapping[str, object] | None = None,
) -> Settings:
    """Merge the three layers; raises BadRequest with the name that is wrong and its nearest kin.

    `file` stands for the home's reread.toml where it is given.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    from_environment = _from_environment(environment)
    home = Path(str(given.get("home") or from_environment.get("home") or "~/.reread"))
    home = home.expanduser().absolute()
    path = Home(home).settings_file
    from_file = _from_file(path) if file is None else _known(file, "the settings file")
    known = known_settings()
    merged = {**from_file, **from_environment, **given, "home": home}
    values = {name: _typed(known[name], value) for name, value in merged.items()}
    machine = made(MachineSettings, values)
    trained = {name: value for name, value in values.items() if _is_trainers(name)}
    return Settings(
        machine,
        made(ServiceSettings, values),
        TrainerSettings.from_mapping({**trained, "start_encoder": machine.retriever}),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that make another process load the same settings; keys stay out."""
    values: dict[str, object] = {**settings.trainer.to_flat()}
    for group in (settings.machine, settings.service):
        values |= {one.name: getattr(group, one.name) for one in settings_of(type(group))}
    shown = {n: values[n] for n, one in known_settings().items() if not one.secret}
    return {PREFIX + n.upper(): _text(value) for n, value in shown.items() if value is not None}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _is_trainers(name: str) -> bool:
    return any(
        name == one.name
        for group in (DistilSettings, GateSettings, TrainerSettings)
        for one in settings_of(group)
    )


def _typed(one: Setting, value: object) -> object:
    """The value as its setting's type: a text of the environment may be a number or a list."""
    if one.kind == tuple[str, ...] and isinstance(value, str):
        value = tuple(key.strip() for key in value.split(",") if key.strip())
    try:
        return TypeAdapter(one.kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadRequest(f"Setting {one.name} is {value!r}: {first['msg']}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in environment.items():
        if key.startswith(PREFIX) and key not in OUTSIDE:
            name = key.removeprefix(PREFIX).lower()
            if name.endswith("_file") and _is_secret(name.removesuffix("_file")):
                name, value = name.removesuffix("_file"), _secret_in(Path(value), key)
            _require_known(name, f"environment variable {key}", environment=True)
            if value != "":
                values[name] = value
    return values


def _is_secret(name: str) -> bool:
    known = known_settings()
    return name in known and known[name].secret


def _secret_in(path: Path, key: str) -> str:
    """Secrets may come in files, as container engines give them: REREAD_ADMIN_KEY_FILE."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{key} names {path}, which cannot be read ({error}): correct or remove it."
        ) from error


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{path} cannot be read as TOML ({error}); correct or remove it."
        ) from error
    return _known(values, str(path))


def _known(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    for name in values:
        _require_known(name, f"key {name} in {where}", environment=False)
    return dict(values)


def _require_known(name: str, where: str, *, environment: bool) -> None:
    names = list(known_settings())
    if name in names:
        return
    spell = (lambda one: PREFIX + one.upper()) if environment else str
    near = difflib.get_close_matches(name, names, n=1)
    hint = (
        f"did you mean {spell(near[0])}?"
        if near
        else f"known names: {', '.join(map(spell, names))}."
    )
    raise BadRequest(f"Unknown {where}; {hint}")
