"""A small world for the trainer's tests: random encoders, and a teacher with a planted taste.

Each question names one colour and one animal; its passages each hold one animal. The planted
teacher prefers the passage with the question's animal, which a random encoder cannot know.
"""

from pathlib import Path
from random import Random

import numpy as np
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertModel,
    BertTokenizer,
    ByT5Tokenizer,
)

from reread.artefacts.passages import PassageStore
from reread.records import AnswerRecord, Hit, LoggedPassage, Passage
from reread.retriever.retriever import DenseRetriever, RetrieverSettings
from trainer.examples import Example
from trainer.settings import DistilSettings

ANIMALS = ["cat", "dog", "fox", "owl", "bee", "ant", "elk", "yak", "hen", "cow"]
FILLERS = ["red", "blue", "green", "old", "new", "fast", "slow", "near", "far", "high"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "where", "is", "the", *ANIMALS, *FILLERS]


FAST = DistilSettings(  # enough for these encoders to learn the taste
    epochs=12,
    learning_rate=3e-3,
    batch_questions=16,
    passages_per_question=0,
    freeze_word_embeddings=False,
)


def make_encoder(folder: Path, *, normalize: bool = True, seed: int = 0) -> Path:
    """A random two-layer BERT over WORDS, saved as a folder DenseRetriever.load takes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(WORDS),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        encoder = BertModel(config)
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(WORDS)})
    settings = RetrieverSettings(normalize=normalize, question_tokens=16, passage_tokens=32)
    DenseRetriever(encoder, tokenizer, settings).save(folder)
    return folder


def make_reader(folder: Path) -> Path:
    """A random reader of a few thousand weights, in a folder that every command can be given."""
    torch.manual_seed(0)
    BartForConditionalGeneration(
        BartConfig(
            vocab_size=384, d_model=32, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
            decoder_ffn_dim=64, max_position_embeddings=300, pad_token_id=0, bos_token_id=2,
            eos_token_id=1, decoder_start_token_id=2, forced_eos_token_id=None, init_std=0.5,
        )
    ).save_pretrained(folder)  # fmt: skip
    ByT5Tokenizer().save_pretrained(folder)
    return folder


def load(folder: Path) -> DenseRetriever:
    return DenseRetriever.load(folder, device="cpu", dtype="float32")


def make_passages() -> list[Passage]:
    """Ten passages per animal, id `animal-n`."""
    random = Random(1)
    return [
        Passage(f"{animal}-{n}", "", " ".join([*random.sample(FILLERS, 4), animal]))
        for animal in ANIMALS
        for n in range(10)
    ]


def make_examples(count: int, *, seed: int = 0, width: int = 6) -> list[Example]:
    """Questions with `width` passages of different animals, one of them the asked one."""
    random = Random(seed)
    passages = make_passages()
    examples = []
    for number in range(count):
        animal = random.choice(ANIMALS)
        others = random.sample([one for one in ANIMALS if one != animal], width - 1)
        rows = [10 * ANIMALS.index(one) + random.randrange(10) for one in [animal, *others]]
        random.shuffle(rows)
        wanted = [float(passages[row].id.startswith(animal)) for row in rows]
        examples.append(
            Example(
                question=f"where is the {animal} {' '.join(random.sample(FILLERS, 3))} {number}",
                passages=tuple(passages[row] for row in rows),
                rows=tuple(rows),
                teacher=tuple(3.0 * want + 0.1 * random.random() for want in wanted),
                reader="planted",
                sequence=number + 1,
            )
        )
    return examples


def make_records(count: int, *, seed: int = 0, corpus: int = 1) -> list[AnswerRecord]:
    """The same as answers in the log."""
    return [
        AnswerRecord(
            id=f"a{example.sequence}",
            question=example.question,
            answer="",
            confidence=1.0,
            passages=tuple(
                LoggedPassage(row, passage.id, 1.0, score)
                for row, passage, score in zip(
                    example.rows, example.passages, example.teacher, strict=True
                )
            ),
            generation=1,
            corpus=corpus,
            reader=example.reader,
            created_s=float(example.sequence),
        )
        for example in make_examples(count, seed=seed)
    ]


def make_store(folder: Path, passages: list[Passage] | None = None) -> PassageStore:
    folder.mkdir(parents=True, exist_ok=True)
    return PassageStore.create(folder, passages or make_passages())


class EncoderSearch:
    """A generation in memory: exact search with an encoder over a store."""

    def __init__(self, retriever: DenseRetriever, store: PassageStore) -> None:
        self.passages = store
        self._retriever = retriever
        self._vectors = retriever.encode_passages(store.get(range(len(store))))

    def search(self, questions: list[str], top_k: int) -> list[list[Hit]]:
        scores = self._retriever.encode_questions(questions) @ self._vectors.T  # (B, N)
        return [best_hits(row, top_k) for row in scores]


class WordSearch:
    """A generation in memory: counts shared words, as BM25 would without its weights."""

    def __init__(self, store: PassageStore) -> None:
        self.passages = store
        self._words = [set(one.text.split()) for one in store.get(range(len(store)))]

    def search(self, questions: list[str], top_k: int) -> list[list[Hit]]:
        asked = [set(question.split()) for question in questions]
        counts = [np.array([len(q & words) for words in self._words], float) for q in asked]
        return [best_hits(row, top_k) for row in counts]


def best_hits(scores: np.ndarray, top_k: int) -> list[Hit]:
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [Hit(int(row), float(scores[row])) for row in order]
