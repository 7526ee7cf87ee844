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


def test_an_encoder_starts_from_cls_and_with_a_projection_of_every_state(tmp_path: Path):
    """Section 3.3: the [CLS] state as it is; FiD-KD's code: projected before it is pooled."""
    folder = make_encoder(tmp_path / "encoder")
    told = {"device": "cpu", "bf16": False, "seed": 3, "pooling": "cls", "unit_vectors": False}
    start = load_start_encoder(str(folder), **told)
    ids, mask = start.tokenize_questions(["where is the cat", "owl"])
    with torch.no_grad():
        states = start.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        assert torch.equal(start(ids, mask), states[:, 0])
        made = load_start_encoder(str(folder), **told, projection=16)
        wanted = made.projection(states)[:, 0]
        assert torch.allclose(made(ids, mask), wanted, atol=1e-6) and wanted.shape == (2, 16)
    made.save(tmp_path / "saved")
    again = load_start_encoder(str(tmp_path / "saved"), device="cpu", bf16=False, seed=9)
    assert torch.equal(again.projection[0].weight, made.projection[0].weight)
    other = load_start_encoder(str(folder), **{**told, "seed": 4}, projection=16)
    assert not torch.equal(other.projection[0].weight, made.projection[0].weight)
