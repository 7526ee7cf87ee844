"""An untrained start: words as they were, everything else drawn from the seed."""

from pathlib import Path

import pytest
import torch

from tests.worlds.tiny import make_encoder
from trainer.student.starts import forget_layers, load_start_encoder


def test_layers_are_drawn_anew_and_words_stay(tmp_path: Path):
    folder = make_encoder(tmp_path)
    known = load_start_encoder(str(folder), seed=0, device="cpu", bf16=False)
    fresh = load_start_encoder(str(folder), seed=0, device="cpu", bf16=False)
    forget_layers(fresh.encoder, 7)
    before, after = known.encoder.state_dict(), fresh.encoder.state_dict()
    for name, weight in after.items():
        if name.startswith("embeddings."):
            assert torch.equal(weight, before[name]), name
        elif name.endswith("bias"):
            assert not weight.any(), name
        elif "LayerNorm" in name:
            assert (weight == 1).all(), name
        else:
            assert not torch.equal(weight, before[name]), name
            assert weight.std().item() == pytest.approx(0.02, rel=0.15), name


def test_the_seed_decides_and_the_untrained_default_is_far_from_the_trained_one():
    trained, first, again, other = (
        load_start_encoder(name, seed=seed, device="cpu", bf16=False)
        for name, seed in ((None, 0), ("untrained", 0), ("untrained", 0), ("untrained", 1))
    )
    texts = ["where is the cat", "how is bread baked"]
    vectors = [one.encode_questions(texts) for one in (trained, first, again, other)]
    assert (vectors[1] == vectors[2]).all()
    assert (vectors[1] != vectors[3]).any()
    assert abs(vectors[1] - vectors[0]).max() > 0.01
