"""A small world for reader training, and a process that trains in it and can be killed.

`python -m tests.worlds.reader_training FOLDER STEPS [pause_s]` trains a tiny T5 (under torchrun
too) and writes the weights it ends with to FOLDER/end.safetensors.
"""

import os
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import ByT5Tokenizer, T5Config, T5ForConditionalGeneration

from reread.records import Passage
from trainer.reader.distributed import joined_ranks
from trainer.reader.examples import ReaderExample, ValidationQuestion
from trainer.reader.settings import ReaderTraining, ReadingPlan, TaskMix
from trainer.reader.tuning import tune_reader

TRAINING = ReaderTraining(
    steps=8, learning_rate=3e-3, encoder_learning_rate=1e-3, warmup_steps=2, log_every=2,
    save_every=2, freeze_embeddings=False, beta2=0.999,
)  # fmt: skip
PLAN = ReadingPlan(
    batch_size=8, mix=TaskMix(passages=3, cloze_share=0.25), dropout=0.1, max_segment_tokens=80
)


def make_t5(seed: int = 0, dropout: float = 0.0) -> T5ForConditionalGeneration:
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=384, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        dropout_rate=dropout, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
        feed_forward_proj="gated-gelu", tie_word_embeddings=True,
    )  # fmt: skip
    return T5ForConditionalGeneration(config)


def make_tokenizer() -> ByT5Tokenizer:
    return ByT5Tokenizer()


def make_reader_examples(count: int, seed: int = 0) -> list[ReaderExample]:
    """The answering passage is the one that says yes; its number is one of the two answers."""
    rng = random.Random(seed)
    made = []
    for n in range(count):
        numbers = [str(rng.randint(1, 9)) for _ in range(3)]
        passages = tuple(
            Passage(f"{n}.{i}", "", f"{'yes' if i == 0 else 'no' * rng.randint(1, 6)} {one}")
            for i, one in enumerate(numbers)
        )
        answers = (numbers[0], f"yes {numbers[0]}")
        made.append(ReaderExample(f"which {n}", answers, passages, (0,)))
    return made


def make_texts(count: int = 5) -> list[Passage]:
    return [
        Passage(f"t{n}", "Text", f"The {n} birds of Paris sing in the morning of every day.")
        for n in range(count)
    ]


def make_validation(count: int, seed: int = 9) -> list[ValidationQuestion]:
    return [
        ValidationQuestion(one.question, one.answers, one.passages)
        for one in make_reader_examples(count, seed)
    ]


def main(folder: Path, steps: int, pause_s: float = 0.0) -> None:
    """Train; `pause_s` after every report gives a test the time to kill."""
    torch.set_num_threads(int(os.environ.get("THREADS", "1")))
    training = replace(TRAINING, steps=steps, accumulation=int(os.environ.get("PARTS", "1")))
    dropout = float(os.environ.get("DROPOUT", "0.1"))

    def report(line: dict[str, float]) -> None:
        sys.stdout.write(f"{line}\n")
        time.sleep(pause_s)

    with joined_ranks(os.environ, "cpu") as ranks:
        model = make_t5(seed=ranks.rank)  # ranks begin apart; training must bring them together
        tune_reader(
            model, make_tokenizer(), make_reader_examples(30), training,
            replace(PLAN, dropout=dropout), folder=folder, report=report, texts=make_texts(),
            ranks=ranks,
        )  # fmt: skip
        weights = {name: one.detach() for name, one in model.named_parameters()}
        save_file(weights, folder / f"end{ranks.rank or ''}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:]))
