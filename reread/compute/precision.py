"""Whether bfloat16 pays on this machine, and the autocast that turns it on.

Knows devices and the processor's flags; knows no model.
"""

from __future__ import annotations

from pathlib import Path

import torch

from reread.errors import BadRequest

FAST_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})  # as Linux names them
CPUINFO = Path("/proc/cpuinfo")


def pick_bf16(wanted: bool | None, device: torch.device, cpuinfo: Path = CPUINFO) -> bool:
    """`wanted`, or where nobody said: yes where bfloat16 products are fast.

    Raises BadRequest for a GPU that was asked for bfloat16 and has none.
    """
    able = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if wanted and not able:
        raise BadRequest("This GPU has no bfloat16; use float32 (--no-bf16 in training).")
    if wanted is not None:
        return wanted
    return able if device.type == "cuda" else bool(FAST_FLAGS & processor_flags(cpuinfo))


def use_bf16(device: torch.device, dtype: str) -> bool:
    """bf16 pays on GPUs and on CPUs with instructions for it; elsewhere it is slower."""
    if dtype not in ("auto", "float32", "bfloat16"):
        raise BadRequest(f"dtype {dtype!r} is not known: choose auto, float32 or bfloat16")
    if dtype != "auto":
        return dtype == "bfloat16"
    return pick_bf16(None, device)


def processor_flags(cpuinfo: Path) -> frozenset[str]:
    """The first processor's flags; empty where the system does not tell."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(flags.partition(":")[2].split())


def autocast(device: torch.device, enabled: bool) -> torch.autocast:
    """bfloat16 products inside the block, everything that sums stays float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
