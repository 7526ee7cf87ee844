"""Random checkpoints in the shape Fusion-in-Decoder publishes, and slow numpy models of them.

Written out by hand: the names as the wrappers make them, the arithmetic as the papers of T5, BERT
and Fusion-in-Decoder give it; no model class and no code of ours.
"""

import json

import numpy as np
import torch
from transformers import BertTokenizer, T5Tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz:?."
D, HEADS, SIZE, FF, LAYERS, BUCKETS, VOCAB = 12, 3, 5, 20, 2, 8, 40
T5_CONFIG = {  # as transformers 3.0.2 writes it
    "architectures": ["FiDT5"], "d_ff": FF, "d_kv": SIZE, "d_model": D,
    "decoder_start_token_id": 0, "dropout_rate": 0.1, "eos_token_id": 1,
    "initializer_factor": 1.0, "is_encoder_decoder": True, "layer_norm_epsilon": 1e-06,
    "model_type": "t5", "n_positions": 512, "num_heads": HEADS, "num_layers": LAYERS,
    "output_past": True, "pad_token_id": 0, "relative_attention_num_buckets": BUCKETS,
    "task_specific_params": {"summarization": {"num_beams": 4, "prefix": "summarize: "}},
    "vocab_size": VOCAB,
}  # fmt: skip
BERT_CONFIG = {
    "architectures": ["Retriever"], "apply_passage_mask": True, "apply_question_mask": True,
    "attention_probs_dropout_prob": 0.1, "extract_cls": False, "gradient_checkpointing": False,
    "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 12, "indexing_dimension": 7,
    "initializer_range": 0.02, "intermediate_size": 20, "layer_norm_eps": 1e-12,
    "max_position_embeddings": 48, "model_type": "bert", "num_attention_heads": 3,
    "num_hidden_layers": 2, "pad_token_id": 0, "passage_maxlength": 30, "projection": True,
    "question_maxlength": 10, "type_vocab_size": 2, "vocab_size": 34,
}  # fmt: skip


def t5_tokenizer():
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    return T5Tokenizer(vocab=pieces + [(one, -5.0) for one in LETTERS], extra_ids=2)


def bert_tokenizer():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS]
    return BertTokenizer(vocab={word: number for number, word in enumerate(words)})


def reader_weights(seed=0):
    """Every name of FiD's state dict on transformers 3.0.2, with numbers large enough to matter."""
    random = np.random.default_rng(seed)
    weights = {}

    def put(name, *shape, scale=0.4, around=0.0):
        numbers = around + scale * random.standard_normal(shape)
        weights[name] = torch.tensor(numbers, dtype=torch.float32)

    put("shared.weight", VOCAB, D, scale=1.0)
    weights["encoder.encoder.embed_tokens.weight"] = weights["shared.weight"]
    weights["decoder.embed_tokens.weight"] = weights["shared.weight"]
    weights["lm_head.weight"] = weights["shared.weight"]

    def attention(place):
        for one in "qkv":
            put(f"{place}.{one}.weight", HEADS * SIZE, D)
        put(f"{place}.o.weight", D, HEADS * SIZE)

    def forward(place):
        put(f"{place}.DenseReluDense.wi.weight", FF, D)
        put(f"{place}.DenseReluDense.wo.weight", D, FF)
        put(f"{place}.layer_norm.weight", D, scale=0.1, around=1.0)

    for n in range(LAYERS):
        block = f"encoder.encoder.block.{n}.module.layer"
        attention(f"{block}.0.SelfAttention")
        put(f"{block}.0.layer_norm.weight", D, scale=0.1, around=1.0)
        forward(f"{block}.1")
        block = f"decoder.block.{n}.layer"
        attention(f"{block}.0.SelfAttention")
        put(f"{block}.0.layer_norm.weight", D, scale=0.1, around=1.0)
        attention(f"{block}.1.EncDecAttention")
        put(f"{block}.1.layer_norm.weight", D, scale=0.1, around=1.0)
        forward(f"{block}.2")
    bias = "relative_attention_bias.weight"
    put(f"encoder.encoder.block.0.module.layer.0.SelfAttention.{bias}", BUCKETS, HEADS)
    put(f"decoder.block.0.layer.0.SelfAttention.{bias}", BUCKETS, HEADS)
    put(f"decoder.block.0.layer.1.EncDecAttention.{bias}", BUCKETS, HEADS)
    put("encoder.encoder.final_layer_norm.weight", D, scale=0.1, around=1.0)
    put("decoder.final_layer_norm.weight", D, scale=0.1, around=1.0)
    return weights


class SlowFiD:
    """FiD's forward pass over the names of the file, one number per loop turn where it can be."""

    def __init__(self, weights, *, cross_bias):
        self.w = {name: tensor.double().numpy() for name, tensor in weights.items()}
        self.cross_bias = cross_bias

    def encode(self, ids):
        """(L,) -> (L, D): one passage, by itself."""
        x = self.w["encoder.encoder.embed_tokens.weight"][ids]
        place = "encoder.encoder.block.{}.module.layer"
        table = self.w[f"{place.format(0)}.0.SelfAttention.relative_attention_bias.weight"]
        bias = np.array(
            [[table[bucket_both_ways(j - i)] for j in range(len(ids))] for i in range(len(ids))]
        )  # (L, L, heads)
        for n in range(LAYERS):
            layer = place.format(n)
            y = self.norm(x, f"{layer}.0.layer_norm")
            x = x + self.attend(f"{layer}.0.SelfAttention", y, y, bias)[0]
            x = x + self.forward(self.norm(x, f"{layer}.1.layer_norm"), f"{layer}.1")
        return self.norm(x, "encoder.encoder.final_layer_norm")

    def decode(self, states, ids):
        """(S, D), (T,) -> logits (T, V) and cross scores before softmax (layers, heads, T, S)."""
        x = self.w["decoder.embed_tokens.weight"][ids]
        own = self.w["decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        cross = self.w["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"]
        steps, keys = range(len(ids)), range(len(states))
        hidden = np.full(HEADS, -np.inf)
        bias = np.array([[own[bucket(i - j)] if j <= i else hidden for j in steps] for i in steps])
        across = np.array([[cross[bucket(i - j)] * self.cross_bias for j in keys] for i in steps])
        scores = []
        for n in range(LAYERS):
            layer = f"decoder.block.{n}.layer"
            y = self.norm(x, f"{layer}.0.layer_norm")
            x = x + self.attend(f"{layer}.0.SelfAttention", y, y, bias)[0]
            y = self.norm(x, f"{layer}.1.layer_norm")
            update, raw = self.attend(f"{layer}.1.EncDecAttention", y, states, across)
            scores.append(raw)
            x = x + update
            x = x + self.forward(self.norm(x, f"{layer}.2.layer_norm"), f"{layer}.2")
        x = self.norm(x, "decoder.final_layer_norm") * D**-0.5
        return x @ self.w["lm_head.weight"].T, np.array(scores)

    def read(self, segments, steps):
        """Greedy answer ids and the score of every passage, as the published code averages it."""
        states = np.concatenate([self.encode(ids) for ids in segments])
        ids, first = [0], None
        while len(ids) <= steps and not (len(ids) > 1 and ids[-1] == 1):
            logits, scores = self.decode(states, ids)
            first = scores if first is None else first
            ids.append(int(np.argmax(logits[-1])))
        ends = np.cumsum([len(one) for one in segments])
        starts = [0, *ends[:-1]]
        passages = [float(first[:, :, 0, a:b].mean()) for a, b in zip(starts, ends, strict=True)]
        return ids[1:], passages

    def norm(self, x, name):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * self.w[f"{name}.weight"]

    def forward(self, x, place):
        inner = np.maximum(x @ self.w[f"{place}.DenseReluDense.wi.weight"].T, 0.0)
        return inner @ self.w[f"{place}.DenseReluDense.wo.weight"].T

    def attend(self, place, asking, asked, bias):
        q, k, v = (
            (one @ self.w[f"{place}.{name}.weight"].T).reshape(len(one), HEADS, SIZE)
            for one, name in ((asking, "q"), (asked, "k"), (asked, "v"))
        )
        raw = np.zeros((HEADS, len(asking), len(asked)))
        out = np.zeros((len(asking), HEADS, SIZE))
        for h in range(HEADS):
            raw[h] = q[:, h] @ k[:, h].T + bias[:, :, h]
            grown = np.exp(raw[h] - raw[h].max(-1, keepdims=True))
            out[:, h] = grown / grown.sum(-1, keepdims=True) @ v[:, h]
        return out.reshape(len(asking), -1) @ self.w[f"{place}.o.weight"].T, raw


def bucket(back, buckets=BUCKETS, furthest=128):
    """T5's bucket of a key `back` positions before the query; all later keys share bucket 0."""
    back = max(back, 0)
    exact = buckets // 2
    if back < exact:
        return back
    grown = exact + int(np.log(back / exact) / np.log(furthest / exact) * (buckets - exact))
    return min(grown, buckets - 1)


def bucket_both_ways(ahead):
    half = BUCKETS // 2
    return (half if ahead > 0 else 0) + bucket(abs(ahead), half)


def retriever_weights(seed=0):
    """Every name of FiD's retriever on transformers 3.0.2."""
    random = np.random.default_rng(seed)
    weights = {}
    width, inner = BERT_CONFIG["hidden_size"], BERT_CONFIG["intermediate_size"]

    def put(name, *shape, scale=0.4, around=0.0):
        numbers = around + scale * random.standard_normal(shape)
        weights[name] = torch.tensor(numbers, dtype=torch.float32)

    def linear(name, outward, inward):
        put(f"{name}.weight", outward, inward)
        put(f"{name}.bias", outward)

    def norm(name, size):
        put(f"{name}.weight", size, scale=0.2, around=1.0)
        put(f"{name}.bias", size)

    positions = BERT_CONFIG["max_position_embeddings"]
    weights["model.embeddings.position_ids"] = torch.arange(positions)[None]
    put("model.embeddings.word_embeddings.weight", BERT_CONFIG["vocab_size"], width)
    put("model.embeddings.position_embeddings.weight", positions, width)
    put("model.embeddings.token_type_embeddings.weight", 2, width)
    norm("model.embeddings.LayerNorm", width)
    for n in range(BERT_CONFIG["num_hidden_layers"]):
        layer = f"model.encoder.layer.{n}"
        for one in ("query", "key", "value"):
            linear(f"{layer}.attention.self.{one}", width, width)
        linear(f"{layer}.attention.output.dense", width, width)
        norm(f"{layer}.attention.output.LayerNorm", width)
        linear(f"{layer}.intermediate.dense", inner, width)
        linear(f"{layer}.output.dense", width, inner)
        norm(f"{layer}.output.LayerNorm", width)
    linear("model.pooler.dense", width, width)
    linear("proj", BERT_CONFIG["indexing_dimension"], width)
    norm("norm", BERT_CONFIG["indexing_dimension"])
    return weights


class SlowRetriever:
    """embed -> BERT -> Linear -> LayerNorm, per token, then the mean over the text's own tokens."""

    def __init__(self, weights):
        self.w = {name: tensor.double().numpy() for name, tensor in weights.items()}

    def embed(self, ids, padded_to, *, first_only=False, masked=True):
        """One text padded as FiD pads it, its mask applied or not: (D,)."""
        ids = [*ids, *[0] * (padded_to - len(ids))]
        seen = np.array([one != 0 or not masked for one in ids])
        x = self.w["model.embeddings.word_embeddings.weight"][ids]
        x = x + self.w["model.embeddings.position_embeddings.weight"][: len(ids)]
        x = x + self.w["model.embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "model.embeddings.LayerNorm", 1e-12)
        for n in range(BERT_CONFIG["num_hidden_layers"]):
            layer = f"model.encoder.layer.{n}"
            heads = BERT_CONFIG["num_attention_heads"]
            q, k, v = (
                self.linear(x, f"{layer}.attention.self.{one}").reshape(len(ids), heads, -1)
                for one in ("query", "key", "value")
            )
            out = np.zeros_like(q)
            for h in range(heads):
                raw = q[:, h] @ k[:, h].T / np.sqrt(q.shape[-1])
                raw[:, ~seen] = -np.inf
                grown = np.exp(raw - raw.max(-1, keepdims=True))
                out[:, h] = grown / grown.sum(-1, keepdims=True) @ v[:, h]
            out = self.linear(out.reshape(len(ids), -1), f"{layer}.attention.output.dense")
            x = self.norm(x + out, f"{layer}.attention.output.LayerNorm", 1e-12)
            inner = self.linear(x, f"{layer}.intermediate.dense")
            inner = inner * 0.5 * (1 + torch.erf(torch.tensor(inner / np.sqrt(2))).numpy())
            x = self.norm(
                x + self.linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm", 1e-12
            )
        if "proj.weight" in self.w:
            x = self.norm(self.linear(x, "proj"), "norm", 1e-5)
        return x[0] if first_only else x[seen].sum(0) / seen.sum()

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, x, name, epsilon):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]


def write_checkpoint(folder, weights, config, tokenizer=None):
    """config.json and pytorch_model.bin as the published code saves them."""
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(weights, folder / "pytorch_model.bin")
    return folder
