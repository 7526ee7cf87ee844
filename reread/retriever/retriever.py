"""The dense retriever: one encoder for questions and passages, its files, and its numbers.

Knows encoders, pooling and batches; does not know indexes, losses or homes.
Training compares S(q, p) = E(q)·E(p) / sqrt(d); search uses the inner product, the same order.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from reread.compute.fast_attention import install_fastest_attention
from reread.compute.padding import length_batches
from reread.compute.precision import use_bf16
from reread.records import Passage
from reread.retriever.encoders.interface import NETS, Encoder, Student, Tokenizer
from reread.retriever.files import (
    DEFAULT_NAMES,
    RetrieverSettings,
    find_folder,
    load_encoder,
    read_settings,
    resolve_default_retriever,
    write_settings,
)
from reread.retriever.interaction import Interaction, TextVectors, interaction_named
from reread.retriever.pooling import load_projection, make_projection, pool, save_projection

__all__ = ["DenseRetriever", "RetrieverSettings", "resolve_default_retriever"]

Floats = npt.NDArray[np.float32]
TOKENS_PER_BATCH = 8_192  # bounds activations: 32 passages of 256 tokens


class DenseRetriever(nn.Module):
    """Embeds questions and passages with the same weights; every encode is deterministic."""

    def __init__(
        self,
        encoder: Encoder,
        tokenizer: Tokenizer,
        settings: RetrieverSettings,
        *,
        device: str = "cpu",
        dtype: str = "auto",
        name: str = "",
    ) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.tokenizer: Any = tokenizer
        self.settings = settings
        self.name = name
        self.projection = make_projection(encoder, settings)
        self._bf16 = use_bf16(torch.device(device), dtype)
        self._tokenizing = threading.Lock()  # fast tokenizers keep truncation as shared state
        self.to(device)
        if torch.device(device).type == "cpu":
            install_fastest_attention(encoder)
        self.eval()

    @classmethod
    def load(
        cls,
        path_or_name: str | Path | None = None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        settings: RetrieverSettings | None = None,
        seed: int = 0,
    ) -> "DenseRetriever":
        """From a folder, a hub name, or None for the default; raises UnknownModel.

        `settings` overrides what the folder says; `seed` initialises a projection that the
        folder has no weights for.
        """
        folder = find_folder(path_or_name)
        device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        encoder, tokenizer = load_encoder(folder)
        chosen = settings or read_settings(folder)
        loaded = cls(
            encoder,
            tokenizer,
            chosen,
            device=device,
            dtype=dtype,
            name=str(path_or_name or DEFAULT_NAMES[1]),
        )
        if loaded.projection is not None:
            load_projection(loaded.projection, folder, seed)
        return loaded

    def save(self, folder: Path) -> None:
        """Everything `load` needs, in safetensors and JSON; the caller makes it durable."""
        folder.mkdir(parents=True, exist_ok=True)
        self.encoder.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        write_settings(folder, self.settings)
        if self.projection is not None:
            save_projection(self.projection, folder)

    def compare_by(self, interaction: str) -> None:
        """From now on compare pooled vectors, or every token's (`late`); the weights stay."""
        name = interaction_named(interaction).name
        self.settings = replace(self.settings, interaction=name)

    @property
    def interaction(self) -> Interaction:
        return interaction_named(self.settings.interaction)

    @property
    def student(self) -> Student:
        """What the encoder is made of."""
        found: Student = getattr(self.encoder.config, "student", "transformer")
        return found

    @property
    def dimension(self) -> int:
        """Width of a text's one vector."""
        width = int(self.encoder.config.hidden_size)
        return width if self.settings.projected == "matched" else self.settings.projection or width

    @property
    def token_dimension(self) -> int:
        """Width of a single token's vector."""
        width = int(self.encoder.config.hidden_size)
        return width if self.settings.projected == "pooled" else self.settings.projection or width

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.embed(input_ids, attention_mask)

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T), (B, T) -> (B, D) in float32, with gradients: what training calls."""
        return self._embed(input_ids, attention_mask, bf16=self._bf16)

    def embed_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T), (B, T) -> what `embed` gives, and (B, T, D) a unit vector per token."""
        return self._embed_tokens(input_ids, attention_mask, bf16=self._bf16)

    def _embed_tokens(
        self, input_ids: Tensor, attention_mask: Tensor, *, bf16: bool
    ) -> tuple[Tensor, Tensor]:
        hidden = self._hidden(input_ids, attention_mask, bf16=bf16)
        pooled = self._pooled(hidden, attention_mask)
        if self.projection is not None and self.settings.projected == "matched":
            hidden = self.projection(hidden)
        return pooled, nn.functional.normalize(hidden, dim=-1)

    def _embed(self, input_ids: Tensor, attention_mask: Tensor, *, bf16: bool) -> Tensor:
        return self._pooled(self._hidden(input_ids, attention_mask, bf16=bf16), attention_mask)

    def _hidden(self, input_ids: Tensor, attention_mask: Tensor, *, bf16: bool) -> Tensor:
        with self._autocast(bf16):
            output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        hidden: Tensor = output.last_hidden_state.float()  # (B, T, H)
        if self.projection is not None and self.settings.projected == "tokens":
            hidden = self.projection(hidden)  # LayerNorm makes this differ from projecting the mean
        return hidden

    def _pooled(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        vectors = pool(hidden, attention_mask, self.settings.pooling)
        if self.projection is not None and self.settings.projected == "pooled":
            vectors = self.projection(vectors)
        return nn.functional.normalize(vectors, dim=-1) if self.settings.normalize else vectors

    @contextmanager
    def precision(self, *, bf16: bool | None) -> Iterator[None]:
        """Embed in bfloat16 or not inside the block, None = as loaded; weights stay float32."""
        before = self._bf16
        self._bf16 = before if bf16 is None else bf16
        try:
            yield
        finally:
            self._bf16 = before

    def tokenize_questions(self, questions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """(B, T) ids and mask on this retriever's device."""
        return self._padded(self._question_ids(questions))

    def tokenize_passages(self, passages: Sequence[Passage]) -> tuple[Tensor, Tensor]:
        """(N, T) ids and mask on this retriever's device."""
        return self._padded(self._passage_ids(passages))

    def piece_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text's pieces, between those that every text begins and ends with."""
        return self._ids(list(texts), self.settings.question_tokens, False)

    def encode_questions(self, questions: Sequence[str]) -> Floats:
        """(B, D) float32, in the order given; a row does not depend on its neighbours.

        Never in bfloat16: its rounding depends on the batch, which reordered near-equal passages
        between two askings of one question, and questions are too short to gain by it.
        """
        return self._encode(self._question_ids(questions), bf16=False)

    def encode_passages(self, passages: Sequence[Passage]) -> Floats:
        """(N, D) float32, in the order given; batches are sorted by length to save padding."""
        return self._encode(self._passage_ids(passages), bf16=self._bf16)

    def question_vectors(self, questions: Sequence[str]) -> TextVectors:
        """What this retriever's interaction compares of questions."""
        if self.interaction.by_token:
            return self.encode_question_tokens(questions)
        return TextVectors(self.encode_questions(questions))

    def passage_vectors(self, passages: Sequence[Passage]) -> TextVectors:
        """What this retriever's interaction compares of passages."""
        if self.interaction.by_token:
            return self.encode_passage_tokens(passages)
        return TextVectors(self.encode_passages(passages))

    def encode_question_tokens(self, questions: Sequence[str]) -> TextVectors:
        """Both of a question: its vector, and one per token. Never in bfloat16, as above."""
        return self._encode_tokens(self._question_ids(questions), bf16=False)

    def encode_passage_tokens(self, passages: Sequence[Passage]) -> TextVectors:
        """Both of a passage: its vector, and one per token."""
        return self._encode_tokens(self._passage_ids(passages), bf16=self._bf16)

    def passage_text(self, passage: Passage) -> str:
        """What is encoded; with Fusion-in-Decoder's prefixes `title: T context: X`."""
        title = f"{self.settings.passage_prefix}{passage.title}"
        return f"{title} {self.settings.text_prefix}{passage.text}".strip()

    def _question_ids(self, questions: Sequence[str]) -> list[list[int]]:
        texts = [f"{self.settings.question_prefix}{one}" for one in questions]
        return self._ids(texts, self.settings.question_tokens, self.settings.fill_questions)

    def _passage_ids(self, passages: Sequence[Passage]) -> list[list[int]]:
        texts = [self.passage_text(one) for one in passages]
        return self._ids(texts, self.settings.passage_tokens, self.settings.fill_passages)

    def _ids(self, texts: list[str], limit: int, fill: bool) -> list[list[int]]:
        if not texts:
            return []
        padding = "max_length" if fill else False
        with self._tokenizing:
            encoded = self.tokenizer(texts, truncation=True, max_length=limit, padding=padding)
        return list(encoded["input_ids"])

    def _padded(self, ids: list[list[int]]) -> tuple[Tensor, Tensor]:
        width = max((len(one) for one in ids), default=0)
        padding = self.tokenizer.pad_token_id or 0
        rows = [one + [padding] * (width - len(one)) for one in ids]
        mask = [[1] * len(one) + [0] * (width - len(one)) for one in ids]
        return torch.tensor(rows, device=self.device), torch.tensor(mask, device=self.device)

    def _encode(self, ids: list[list[int]], *, bf16: bool) -> Floats:
        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        with self._encoding():
            for rows in length_batches([len(one) for one in ids], TOKENS_PER_BATCH):
                embedded = self._embed(*self._padded([ids[row] for row in rows]), bf16=bf16)
                vectors[rows] = embedded.float().cpu().numpy()
        return vectors

    def _encode_tokens(self, ids: list[list[int]], *, bf16: bool) -> TextVectors:
        pooled = np.empty((len(ids), self.dimension), dtype=np.float32)
        starts = np.concatenate([[0], np.cumsum([len(one) for one in ids])]).astype(np.int64)
        tokens = np.empty((int(starts[-1]), self.token_dimension), dtype=np.float32)
        with self._encoding():
            for rows in length_batches([len(one) for one in ids], TOKENS_PER_BATCH):
                padded = self._padded([ids[row] for row in rows])
                made = self._embed_tokens(*padded, bf16=bf16)
                pooled[rows], per_token = (one.cpu().numpy() for one in made)
                for row, own in zip(rows, per_token, strict=True):
                    tokens[starts[row] : starts[row + 1]] = own[: len(ids[row])]
        return TextVectors(pooled, tokens, starts)

    @contextmanager
    def _encoding(self) -> Iterator[None]:
        was_training = self.training
        self.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self.train(was_training)

    def _autocast(self, bf16: bool) -> AbstractContextManager[object]:
        if not bf16 or self.student in NETS:  # too small to gain by it
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)
