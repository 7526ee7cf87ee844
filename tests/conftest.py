"""Small real things that tests share: twelve passages, a tiny random encoder, an empty home.

A test that uses no model loads no model library, so that one file's tests run at once. None asks
the network: a name that is nowhere here was asked for again and again, for 47 s. What one test
does to torch's threads ends with it, and files with slow tests come first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reread.artefacts.passages import PassageStore
from reread.commit import committed_dir
from reread.home import Home, next_number
from reread.records import Passage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

os.environ["HF_HUB_OFFLINE"] = "1"  # read when transformers is imported
_TEXTS = [
    ("Paris", "Paris is the capital of France and lies on the Seine."),
    ("Berlin", "Berlin is the capital of Germany and lies on the Spree."),
    ("Rome", "Rome is the capital of Italy; the Tiber runs through it."),
    ("Whales", "Whales are mammals that breathe air through blowholes."),
    ("Owls", "Owls hunt at night and turn their heads far around."),
    ("Bees", "Bees make honey from nectar and dance to show where it is."),
    ("Iron", "Iron rusts when water and oxygen reach its surface."),
    ("Gold", "Gold does not rust and is found in rivers as dust."),
    ("Chess", "Chess is played by two people on sixty-four squares."),
    ("Tennis", "Tennis is played with rackets over a net."),
    ("Tea", "Tea is made by pouring hot water over dried leaves."),
    ("Bread", "Bread is baked from flour, water and yeast."),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, then those of processes, dealt to the workers in turn.

    Each worker begins with an equal share of the list, so that all slow files were one worker's,
    and the last of them began when the others were done.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    long = sorted(
        (path for path in files if path in slow or "processes" in path.parts),
        key=lambda path: path not in slow,
    )
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for turn, path in enumerate(long):
        hands[turn % workers] += files.pop(path)
    for own in files.values():
        min(hands, key=len).extend(own)
    items[:] = [item for hand in hands for item in hand]


@pytest.fixture(autouse=True)
def threads_end_with_the_test() -> Iterator[None]:
    """A command run in this process took every core, and so did each test after it: tiny models
    ran up to fifty times as long."""
    yield
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1))


@pytest.fixture
def twelve_passages() -> list[Passage]:
    return [Passage(f"p{n}", title, text, "book") for n, (title, text) in enumerate(_TEXTS)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of width 32 that spells words letter by letter."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny_encoder")
    tokenizer = _letters()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def write_corpus(home: Home) -> Callable[[list[Passage]], int]:
    """Commits a corpus to `home` as ingest does and returns its number."""

    def write(passages: list[Passage]) -> int:
        number = next_number(home.passages_dir)
        with committed_dir(home.passages_dir / str(number)) as scratch:
            PassageStore.create(scratch, passages)
        return number

    return write


def _letters() -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(33, 127)]
    words = special + letters + [f"##{one}" for one in letters]
    vocabulary = {word: number for number, word in enumerate(words)}
    inner = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
