"""Whether bfloat16 pays on this machine, and the autocast that turns it on.

Knows devices, the processor's flags and how long a product takes; knows no model.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch

from reread.errors import BadRequest

FAST_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})  # as Linux names them
CPUINFO = Path("/proc/cpuinfo")
ROWS, WIDTH, OUT = 512, 384, 1536  # a small encoder's widest layer over a few passages
TRIES = 5
PAYS = 1.2  # times as fast, or float32 is kept


def products_pay(tries: int = TRIES) -> bool:
    """Whether a layer's product is PAYS times as fast in bfloat16, tried here and now (some 50 ms).

    A flag alone does not say so: a Xeon whose AMX is hidden from a virtual machine has
    avx512_bf16, and its products take twice as long as in float32. The best of `tries` of each by
    turns, so that a neighbour's load falls on both.
    """
    best = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    given = {kind: (torch.ones(ROWS, WIDTH, dtype=kind), torch.ones(OUT, WIDTH, dtype=kind))
             for kind in best}  # fmt: skip
    with torch.inference_mode():
        for _ in range(tries + 1):  # the first warms up
            for kind, (rows, weight) in given.items():
                started = time.perf_counter()
                torch.nn.functional.linear(rows, weight)
                best[kind] = min(best[kind], time.perf_counter() - started)
    return best[torch.float32] > PAYS * best[torch.bfloat16]


def pick_bf16(
    wanted: bool | None,
    device: torch.device,
    cpuinfo: Path = CPUINFO,
    pays: Callable[[], bool] = products_pay,
) -> bool:
    """`wanted`, or where nobody said: yes where bfloat16 products are fast; on a processor, where
    its flags name them and `pays` says so too.

    Raises BadRequest for a GPU that was asked for bfloat16 and has none.
    """
    able = device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)
    if wanted and not able:
        raise BadRequest("This GPU has no bfloat16; use float32 (--no-bf16 in training).")
    if wanted is not None:
        return wanted
    if device.type == "cuda":
        return able
    return bool(FAST_FLAGS & processor_flags(cpuinfo)) and pays()


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
