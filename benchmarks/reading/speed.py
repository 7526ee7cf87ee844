"""How long a reader takes over 20 passages, beside a plain Fusion-in-Decoder on transformers.

    python -m benchmarks.reading.speed starter --questions QUESTIONS.jsonl --passages PASSAGES.jsonl

The plain one has the same weights in float32: every passage padded to the longest, encoded in one
call, all states side by side through `generate`. Pairs are read in turn, so that a busy machine
slows both. Also says how often the reader's answer is its answer in float32, and how near their
relevance is.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from benchmarks.reading.cases import Case, article_cases
from reread.reader.loading import load_reader, reader_folder
from reread.reader.probe import rank_agreement
from reread.reader.reader import Reader
from reread.reader.segments import MAX_SEGMENT_TOKENS, segment_text
from reread.reading import ReadRequest

Result = TypeVar("Result")
MOST_TOKENS = 50  # of an answer


class PlainReader:
    """Fusion-in-Decoder as a few lines of transformers (section 3 of arXiv 2007.01282)."""

    def __init__(self, folder: str) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model: PreTrainedModel = AutoModelForSeq2SeqLM.from_pretrained(
            folder, dtype=torch.float32
        ).eval()

    @torch.inference_mode()
    def answer(self, case: Case) -> str:
        """One answer, greedily."""
        texts = [segment_text(case.question, passage) for passage in case.passages]
        given = self.tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_SEGMENT_TOKENS, return_tensors="pt"
        )
        states = self.model.get_encoder()(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"]
        ).last_hidden_state  # (K, L, d)
        found = self.model.generate(
            encoder_outputs=BaseModelOutput(states.flatten(0, 1)[None]),
            attention_mask=given["attention_mask"].flatten()[None],
            max_new_tokens=MOST_TOKENS,
            num_beams=1,
        )
        return str(self.tokenizer.decode(found[0], skip_special_tokens=True)).strip()


def main() -> None:
    """The command line."""
    given = parse()
    torch.set_num_threads(given.threads)
    cases = list(itertools.islice(
        (one for one in article_cases(given.questions, given.passages, given.count, 0)
         if one.set == "top20"), given.count,
    ))  # fmt: skip
    reader = load_reader(given.reader, dtype=given.dtype)
    assert isinstance(reader, Reader)
    exact = Reader.load(reader_folder(given.reader), device="cpu", dtype="float32")
    plain = PlainReader(reader_folder(given.reader))
    print(report(reader, exact, plain, cases))


def report(reader: Reader, exact: Reader, plain: PlainReader, cases: Sequence[Case]) -> str:
    """Medians, their ratios, and agreement, as a Markdown table's row under its heading."""
    ours, theirs, same, ranks = [], [], [], []
    for case in cases:
        request = ReadRequest(case.question, case.passages)
        (reading,), taken = timed(partial(reader.read, [request]))
        ours.append(taken)
        theirs.append(timed(partial(plain.answer, case))[1])
        (slow,) = exact.read([request])
        same.append(slow.answer == reading.answer)
        ranks.append(rank_agreement(slow.attention, reading.attention))
    wall, busy = (
        [statistics.median(one[clock] for one in taken[1:]) for taken in (ours, theirs)]
        for clock in (0, 1)  # the first of each warms up
    )
    info = reader.info()
    return (
        "| reader | numbers | ours, ms | plain, ms | ratio | processor ms | plain | ratio "
        "| same as float32 | Spearman |\n" + "| --- " * 10 + "|\n"
        f"| {reader.name} | {info['dtype']} | {wall[0] * 1000:.0f} | {wall[1] * 1000:.0f} "
        f"| {wall[1] / wall[0]:.1f} | {busy[0] * 1000:.0f} | {busy[1] * 1000:.0f} "
        f"| {busy[1] / busy[0]:.1f} | {sum(same)} of {len(same)} | {statistics.mean(ranks):.4f} |"
    )


def timed(work: Callable[[], Result]) -> tuple[Result, tuple[float, float]]:
    """What work gives, and its seconds by the wall's clock and by the processor's, all threads."""
    wall, busy = time.perf_counter(), time.process_time()
    found = work()
    return found, (time.perf_counter() - wall, time.process_time() - busy)


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reader", help="name or folder of an encoder-decoder")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--passages", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20, help="questions, each read by both")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--dtype", default="auto")
    return parser.parse_args()


if __name__ == "__main__":
    main()
