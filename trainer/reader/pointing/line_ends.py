"""A token for the end of a line, for tokenizers that drop it.

Word pieces and T5's pieces read a line's end as a space, so that two rows of a label-value page run
into one another and a reader cannot tell where a value ends. Knows tokenizers and the rows of an
embedding; knows no task and no training.
"""

from __future__ import annotations

import json

import torch
from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

LINE_END = "\n"
UNUSED = "[unused0]"  # BERT's vocabularies keep places free
LIKE = (";", "|", "•")  # a new row begins as the mean of theirs: what else parts two items


def sees_line_ends(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether two lines are other tokens than the same words in one."""
    lines, line = (tokenizer(text, add_special_tokens=False)["input_ids"]
                   for text in ("one\ntwo", "one two"))  # fmt: skip
    return bool(lines != line)


def give_line_ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """From now on a line's end is a token of its own, in place; nothing where it is one already.

    It takes the place that a vocabulary keeps free, or a new row of the embedding. Its vector is
    the mean of those of LIKE: word embeddings do not learn here.
    """
    if sees_line_ends(tokenizer):
        return
    vocabulary = tokenizer.get_vocab()
    like = [vocabulary[one] for one in LIKE if one in vocabulary] or list(vocabulary.values())
    if UNUSED in vocabulary:
        _rename(tokenizer, UNUSED, LINE_END)
    else:
        tokenizer.add_tokens([AddedToken(LINE_END, normalized=False)])  # else a space is one, too
    place = int(tokenizer.get_vocab()[LINE_END])
    embedding = model.get_input_embeddings()
    if place >= embedding.num_embeddings:
        model.resize_token_embeddings(place + 1, mean_resizing=False)
        embedding = model.get_input_embeddings()
    with torch.no_grad():
        embedding.weight[place] = embedding.weight[like].mean(dim=0)


def _rename(tokenizer: PreTrainedTokenizerBase, old: str, new: str) -> None:
    """One entry of a word-piece vocabulary under another name, found in the text before it is
    normalised."""
    body = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = body["model"]["vocab"]
    place = vocabulary.pop(old)
    body["model"]["vocab"] = dict(
        sorted({**vocabulary, new: place}.items(), key=lambda entry: entry[1])
    )
    body["added_tokens"] = sorted(
        [*body["added_tokens"],
         {"id": place, "content": new, "single_word": False, "lstrip": False, "rstrip": False,
          "normalized": False, "special": False}],
        key=lambda entry: entry["id"],
    )  # fmt: skip
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(body))
