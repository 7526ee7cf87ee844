"""The device and the number format a model runs in, from the words of a setting.

Knows PyTorch's names; knows no model. Whether bfloat16 pays on a CPU is in precision.py.
"""

import torch

from reread.errors import BadRequest


def pick_device(device: str) -> torch.device:
    """`auto` is the GPU where there is one; BadRequest for one that is not there."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise BadRequest(f"Unknown device {device!r}: use auto, cpu, cuda or cuda:1.") from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise BadRequest(f"Device {device!r} was asked for and there is no GPU: use cpu or auto.")
    return chosen


def pick_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """`auto` is bfloat16 on a GPU, float32 elsewhere (exact, and the fastest on older CPUs)."""
    if dtype == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    kind = getattr(torch, dtype, None)
    if not isinstance(kind, torch.dtype):
        raise BadRequest(f"Unknown dtype {dtype!r}: choose auto, float32, bfloat16 or float16.")
    return kind
