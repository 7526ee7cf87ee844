"""What tuning changed in a model, small: four bits for each weight of a matrix, in groups of 64.

A matrix's difference is kept as whole numbers -8..7 times one bfloat16 scale for each 64 of a row;
vectors (norms) are kept whole; what did not change is left out. Knows tensors; knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

GROUP = 64
SHRINKS = (1.0, 0.92, 0.85, 0.78, 0.7)  # of the scale that spares the largest from clipping
CODES, SCALES, WHOLE = ".codes", ".scales", ".whole"


def difference(
    base: Mapping[str, torch.Tensor], tuned: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The file's tensors; both sides must name the same weights (ValueError says which differ)."""
    if base.keys() != tuned.keys():
        raise ValueError(f"weights on one side only: {sorted(base.keys() ^ tuned.keys())[:3]}")
    found: dict[str, torch.Tensor] = {}
    for name, after in tuned.items():
        before = base[name].float()
        if torch.equal(before.bfloat16(), after.bfloat16()):
            continue
        if after.dim() == 1 or after.shape[-1] % GROUP:
            found[name + WHOLE] = after.bfloat16().contiguous()
            continue
        codes, scales = quantise(after.float() - before)
        found[name + CODES], found[name + SCALES] = pack(codes), scales
    return found


def tuned_weight(name: str, base: torch.Tensor, delta: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """One weight with its change, in bfloat16.

    Multiplied and added apart in float32, so every machine makes the same bits.
    """
    if name + WHOLE in delta:
        return delta[name + WHOLE].bfloat16()
    if name + CODES not in delta:
        return base.bfloat16()
    change = dequantise(unpack(delta[name + CODES]), delta[name + SCALES])
    return (base.float() + change).bfloat16()


def quantise(change: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Codes -8..7 (M, N) int8 and scales (M, N / 64) bfloat16, the best of a few scales a group."""
    groups = change.float().view(*change.shape[:-1], -1, GROUP)  # (M, N / 64, 64)
    largest = groups.abs().amax(-1, keepdim=True) / 7.0
    best, best_scale = torch.full_like(largest, float("inf")), largest.bfloat16()
    for shrink in SHRINKS:
        scale = (largest * shrink).bfloat16()
        error = (_codes(groups, scale) * scale.float() - groups).square().sum(-1, keepdim=True)
        better = error < best
        best = torch.where(better, error, best)
        best_scale = torch.where(better, scale, best_scale)
    codes = _codes(groups, best_scale).to(torch.int8).flatten(-2)
    return codes, best_scale.squeeze(-1)


def dequantise(codes: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """The change in float32, (M, N)."""
    groups = codes.float().view(*codes.shape[:-1], -1, GROUP)
    change: torch.Tensor = (groups * scales.float()[..., None]).flatten(-2)
    return change


def pack(codes: torch.Tensor) -> torch.Tensor:
    """Two codes a byte, the even column in the low half: (M, N) int8 -> (M, N / 2) uint8.

    >>> pack(torch.tensor([[-8, 7]], dtype=torch.int8)).tolist()
    [[240]]
    """
    shifted = (codes + 8).to(torch.uint8)
    return (shifted[..., 0::2] | (shifted[..., 1::2] << 4)).contiguous()


def unpack(packed: torch.Tensor) -> torch.Tensor:
    """The inverse of `pack`.

    >>> unpack(torch.tensor([[240]], dtype=torch.uint8)).tolist()
    [[-8, 7]]
    """
    both = torch.stack([packed & 15, packed >> 4], dim=-1)
    return both.flatten(-2).to(torch.int8) - 8


def _codes(groups: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    safe = torch.where(scale == 0, torch.ones_like(scale), scale).float()
    return torch.round(groups / safe).clamp_(-8, 7)
