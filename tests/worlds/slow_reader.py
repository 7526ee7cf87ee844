"""The slow obvious reader: stock models, hooks on q and k, explicit loops; no code of ours.

Every passage is encoded alone and unpadded, the states are concatenated by hand, and the answer is
decoded greedily with the stock forward pass and no cache.
"""

import torch
from transformers.modeling_outputs import BaseModelOutput


class SlowReading:
    def __init__(self, ids, attention, token_scores):
        self.ids = ids
        self.attention = attention
        self.token_scores = token_scores


def cross_modules(model):
    if model.config.model_type == "t5":
        return [b.layer[1].EncDecAttention for b in model.decoder.block]
    return [layer.encoder_attn for layer in model.model.decoder.layers]


def slow_read(model, tokenizer, question, passages, max_tokens):
    texts = [f"question: {question} title: {p.title} context: {p.text}" for p in passages]
    segments = [tokenizer(t, truncation=True, max_length=250)["input_ids"] for t in texts]
    with torch.no_grad():
        states = [model.get_encoder()(torch.tensor([ids])).last_hidden_state[0] for ids in segments]
        fused = torch.cat(states)[None]
        caught = {}

        def keep(name):
            def hook(module, inputs, output):
                caught[name] = output[0]

            return hook

        handles = []
        for i, module in enumerate(cross_modules(model)):
            q = module.q if hasattr(module, "q") else module.q_proj
            k = module.k if hasattr(module, "k") else module.k_proj
            handles += [
                q.register_forward_hook(keep((i, "q"))),
                k.register_forward_hook(keep((i, "k"))),
            ]
        ids = [model.config.decoder_start_token_id]
        first = None
        while len(ids) <= max_tokens:
            logits = model(
                encoder_outputs=BaseModelOutput(last_hidden_state=fused),
                decoder_input_ids=torch.tensor([ids]),
                use_cache=False,
            ).logits[0, -1]
            first = first or dict(caught)
            ids.append(int(logits.argmax()))
            if ids[-1] == model.config.eos_token_id:
                break
        for handle in handles:
            handle.remove()
    return SlowReading(ids[1:], *loop_scores(model, first, [len(s) for s in segments]))


def loop_scores(model, caught, lengths):
    modules = cross_modules(model)
    heads = (
        model.config.num_heads
        if model.config.model_type == "t5"
        else model.config.decoder_attention_heads
    )
    attention, tokens = [], []
    start = 0
    for length in lengths:
        per_token = []
        for j in range(start, start + length):
            total = 0.0
            for i in range(len(modules)):
                q, k = caught[i, "q"][0], caught[i, "k"][j]
                size = q.shape[0] // heads
                scale = 1.0 if model.config.model_type == "t5" else size**-0.5
                for h in range(heads):
                    part = slice(h * size, (h + 1) * size)
                    total += scale * sum(
                        a * b for a, b in zip(q[part].tolist(), k[part].tolist(), strict=True)
                    )
            per_token.append(total / (len(modules) * heads))
        tokens.append(per_token)
        attention.append(sum(per_token) / length)
        start += length
    return attention, tokens
