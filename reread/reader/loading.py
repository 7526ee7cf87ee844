"""Any reader by name or path: T5 and BART as encoder-decoders, language models as causal readers.

Knows which kind a checkpoint is and the names of the readers that come with the package; knows
neither kind's inside, and imports neither before one is loaded: ingest asks for a tokenizer alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import AutoConfig
from transformers.utils import logging as transformers_logging

from reread.compute.devices import pick_device
from reread.compute.precision import pick_bf16
from reread.errors import UnknownModel

if TYPE_CHECKING:
    from reread.reader.causal.reader import CausalReader, Limits
    from reread.reader.reader import Reader

    AnyReader = Reader | CausalReader

STARTER = "starter"
SMALL_STARTER = "starter-small"
CAUSAL_STARTER = "starter-causal"
DEFAULT_READER = STARTER
ROOM = Path(__file__).parent  # where their folders lie
HUB_S = 10.0  # to wait for the hub's first answer

SLOW = "auto: this processor has no fast bfloat16 products"
ALIKE = "auto: fast here, and a probe was read as in float32"
OTHERWISE = "auto: a probe was read otherwise in bfloat16"


def load_reader(
    name_or_path: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    num_beams: int | None = None,
    max_answer_tokens: int | None = None,
    limits: Limits | None = None,
    cache: Path | None = None,
) -> AnyReader:
    """Load whatever the name or folder holds; UnknownModel in one sentence when it cannot be.

    `cache` is where the starter reader's folder is made, once; without it, below the user's own.
    """
    transformers_logging.disable_progress_bar()
    found = reader_folder(name_or_path, cache)
    if is_causal(found):
        from reread.reader.causal.loading import load_causal
        from reread.reader.causal.reader import Limits

        limits = limits or Limits()
        if max_answer_tokens is not None:
            limits = replace(limits, answer_tokens=max_answer_tokens)
        return load_causal(found, device=device, dtype=dtype, limits=limits)
    options: dict[str, Any] = {
        "num_beams": num_beams, "refuse_below": limits.refuse_below if limits else None,
    }  # fmt: skip
    if max_answer_tokens is not None:
        options["max_answer_tokens"] = max_answer_tokens
    return load_fusion(found, device, dtype, options)


def load_fusion(name_or_path: str, device: str, dtype: str, options: dict[str, Any]) -> Reader:
    """An encoder-decoder; `dtype` auto on a processor with fast bfloat16 products is bfloat16
    where it reads a probe as float32 does, which is tried at once."""
    from reread.reader.reader import Reader

    place = pick_device(device)
    if dtype != "auto" or place.type != "cpu":
        return Reader.load(name_or_path, device=device, dtype=dtype, **options).pack()
    exact = Reader.load(name_or_path, device=device, **options, dtype_why=SLOW).pack()
    if not pick_bf16(None, place):
        return exact
    fast = Reader.load(
        name_or_path, device=device, dtype="bfloat16", **options, dtype_why=ALIKE
    ).pack()
    return fast_if_alike(exact, fast)


def fast_if_alike(exact: Reader, fast: Reader) -> Reader:
    """The fast one where both read a probe alike; else the exact one, which says why."""
    from reread.reader.probe import read_alike

    if read_alike(exact, fast):
        return fast
    exact.dtype_why = OTHERWISE
    return exact


def reader_folder(name_or_path: str, cache: Path | None = None) -> str:
    """The folder a name that comes with the package stands for; any other name is left as it is.

    A folder or file of such a name in the working directory does not hide the package's reader.
    """
    if name_or_path == SMALL_STARTER:
        return str(small_starter())
    if name_or_path == STARTER:
        return str(ROOM / "starter_pointing")
    if name_or_path == CAUSAL_STARTER:
        from reread.reader.starter.folder import starter_folder

        return str(starter_folder(cache or Path("~/.cache/reread/readers").expanduser()))
    return name_or_path


def small_starter() -> Path:
    """The folder of the small starter, which decodes; the reproduction reads with it."""
    return ROOM / "starter_reader"


def is_causal(name_or_path: str) -> bool:
    """Whether a checkpoint is a causal language model (a GGUF file always is)."""
    if Path(name_or_path).suffix.lower() == ".gguf":
        return True
    from httpx2 import HTTPError

    try:
        _ask_once(name_or_path)
        config = AutoConfig.from_pretrained(name_or_path)
    except (OSError, ValueError, KeyError, HTTPError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise UnknownModel(
            f"The reader {name_or_path!r} could not be loaded ({first_line}); set REREAD_READER to "
            "a local folder, or to a Hugging Face name where there is a network."
        ) from error
    return not config.is_encoder_decoder


def _ask_once(name: str) -> None:
    """Raises where a hub that has to be asked does not answer, or has no such model.

    transformers asks six times more, for 23 s, and a mistyped folder looks like a name.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    if not Path(name).exists() and try_to_load_from_cache(name, "config.json") is None:
        HfApi().model_info(name, timeout=HUB_S)
