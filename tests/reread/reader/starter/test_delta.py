"""Four bits a weight: codes packed two a byte, errors bounded by the scale, nothing for nothing."""

import pytest
import torch

from reread.reader.starter.delta import (
    GROUP,
    dequantise,
    difference,
    pack,
    quantise,
    tuned_weight,
    unpack,
)


def drawn(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def test_every_pair_of_codes_survives_packing():
    codes = torch.tensor([[low, high] for low in range(-8, 8) for high in range(-8, 8)]).to(
        torch.int8
    )
    packed = pack(codes)
    assert packed.dtype == torch.uint8 and packed.shape == (256, 1)
    assert len(set(packed.flatten().tolist())) == 256
    assert torch.equal(unpack(packed), codes)


def test_a_group_of_exact_multiples_comes_back_exactly():
    codes = torch.tensor([[(n % 15) - 7 for n in range(GROUP)]])
    change = codes * 0.5
    found, scales = quantise(change)
    assert torch.equal(found.int(), codes.int()) and scales.tolist() == [[0.5]]
    assert torch.equal(dequantise(found, scales), change)


def test_the_error_is_near_a_tenth_of_the_change_and_groups_do_not_share_a_scale():
    change = drawn(16, 4 * GROUP)
    change[:, :GROUP] *= 1000.0
    found = dequantise(*quantise(change))
    for at in range(0, 4 * GROUP, GROUP):
        part, wanted = found[:, at : at + GROUP], change[:, at : at + GROUP]
        assert float((part - wanted).norm() / wanted.norm()) < 0.11


def test_the_best_of_several_scales_beats_sparing_the_largest():
    change = drawn(64, GROUP)
    plain = (change.abs().amax(-1, keepdim=True) / 7).bfloat16().float()
    naive = torch.round(change / plain).clamp(-8, 7) * plain
    ours = dequantise(*quantise(change))
    assert float((ours - change).norm()) < 0.97 * float((naive - change).norm())


def test_no_change_in_a_group_costs_nothing_and_divides_by_nothing():
    change = torch.zeros(2, 2 * GROUP)
    change[0, 0] = 1.0
    found = dequantise(*quantise(change))
    assert torch.isfinite(found).all() and torch.equal(found[1], change[1])


def test_only_what_changed_is_kept_and_vectors_are_kept_whole():
    base = {"same": drawn(4, GROUP), "matrix": drawn(4, GROUP, 1), "norm": torch.ones(8)}
    tuned = {
        "same": base["same"].bfloat16(),
        "matrix": (base["matrix"] + 0.01 * drawn(4, GROUP, 2)).bfloat16(),
        "norm": torch.full((8,), 1.25).bfloat16(),
    }
    delta = difference(base, tuned)
    assert sorted(delta) == ["matrix.codes", "matrix.scales", "norm.whole"]
    assert torch.equal(tuned_weight("same", base["same"], delta), tuned["same"])
    assert torch.equal(tuned_weight("norm", base["norm"], delta), tuned["norm"])
    made = tuned_weight("matrix", base["matrix"], delta).float()
    off = (made - tuned["matrix"].float()).norm() / tuned["matrix"].float().norm()
    assert 0.0 < float(off) < 0.003
    away = (base["matrix"] - tuned["matrix"].float()).norm()
    assert float((made - tuned["matrix"].float()).norm()) < 0.35 * float(away)


def test_weights_of_two_models_are_refused_by_name():
    with pytest.raises(ValueError, match="left"):
        difference({"left": torch.ones(2)}, {"right": torch.ones(2)})
