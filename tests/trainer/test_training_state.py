"""What a half-finished run must have in common with the one that goes on, and what comes back."""

from pathlib import Path

import pytest
import torch
from torch import nn

from reread.errors import BadRequest
from trainer.training_state import load_state, newest_step, save_state


def started(folder: Path, held: dict[str, object]) -> tuple[nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    save_state(folder, 1, model, optimizer, held, {"share": 0.5}, {"beside": torch.ones(2)})
    return model, optimizer


@pytest.mark.parametrize("now", [{"seed": 1, "rate": 2}, {}, {"seed": 2}, {"other": 1}])
def test_a_setting_that_differs_or_is_in_one_of_them_alone_is_refused(tmp_path, now) -> None:
    model, optimizer = started(tmp_path / "state", {"seed": 1})
    before = model.weight.clone()
    with pytest.raises(BadRequest, match="holds a run with"):
        load_state(tmp_path / "state", nn.Linear(3, 2), optimizer, now)
    assert torch.equal(model.weight, before)


def test_weights_moments_and_what_learns_beside_come_back(tmp_path: Path) -> None:
    model, optimizer = started(tmp_path / "state", {"seed": 1})
    fresh = nn.Linear(3, 2)
    other = torch.optim.AdamW(fresh.parameters(), lr=0.1)
    found = load_state(tmp_path / "state", fresh, other, {"seed": 1})
    assert found is not None and found.step == 1 and found.progress["share"] == 0.5
    assert torch.equal(found.beside["beside"], torch.ones(2))
    assert torch.equal(fresh.weight, model.weight)
    for mine, theirs in zip(fresh.parameters(), model.parameters(), strict=True):
        for kind in ("step", "exp_avg", "exp_avg_sq"):
            assert torch.equal(other.state[mine][kind], optimizer.state[theirs][kind])
    assert newest_step(tmp_path / "state") == 1 and newest_step(tmp_path / "none") == 0


class Tied(nn.Module):
    """Two names for one weight, as readers tie embeddings and vocabulary."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        self.second.weight = self.first.weight


def test_tied_weights_are_kept_once_and_stay_tied(tmp_path: Path) -> None:
    model = Tied()
    optimizer = torch.optim.AdamW(model.parameters())
    save_state(tmp_path, 4, model, optimizer, {})
    other = Tied()
    load_state(tmp_path, other, torch.optim.AdamW(other.parameters()), {})
    assert torch.equal(other.second.weight, model.first.weight)
    assert other.second.weight is other.first.weight
