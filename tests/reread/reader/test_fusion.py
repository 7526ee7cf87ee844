"""Stock models under the fused interface: what they compute stays, cached or not."""

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, T5Config
from transformers import T5ForConditionalGeneration as T5

from reread.reader.fusion import (
    decode_step,
    encode_segments,
    install_fusion_attention,
)


def models():
    torch.manual_seed(0)
    yield BartForConditionalGeneration(
        BartConfig(
            vocab_size=60, d_model=32, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=64,
            encoder_attention_heads=4, decoder_attention_heads=4, decoder_ffn_dim=64, dropout=0.0,
        )
    )  # fmt: skip
    yield T5(
        T5Config(vocab_size=60, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
                 dropout_rate=0.0)
    )  # fmt: skip


@pytest.mark.parametrize("model", models(), ids=["bart", "t5"])
def test_a_model_learning_in_bfloat16_stays_near_its_exact_states(model) -> None:
    """Causal decoding and masked segments through the whole model, explicit against fused fp32."""
    install_fusion_attention(model)
    model.train()
    ids = torch.randint(4, 60, (3, 7))
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0

    def states() -> torch.Tensor:
        encoded = encode_segments(model, ids, mask)
        fused = encoded.reshape(1, 21, -1)
        return decode_step(model, ids[:1, :5], fused, mask.reshape(1, 21)).float()

    with torch.no_grad():
        exact = states()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = states()
    assert rough.requires_grad
    assert (rough - exact).norm() / exact.norm() < 0.03
