"""Writes a home with the version it is run with, as a small archive that later versions must open.

With a checkout of that version: `PYTHONPATH=CHECKOUT python writing.py ARCHIVE.tar.xz`.
Uses commands and HTTP alone. The archive holds `home/` (twelve passages, generation 1 of words,
six answers, a forced retraining to generation 2), the tiny random `encoder/` and `reader/` it
was made with, and `expected.json`: what was answered, in what order, with what attention. The
service ends as soon as generation 2 serves: in before_rooms.tar.xz that was before the job could
say so, and it stands queued for the next trainer.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TEXTS = [
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
ADMIN = "old-admin"
ASKED = 6
PARTS = ("home", "encoder", "reader", "expected.json")


def write_models(folder: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        BartConfig,
        BartForConditionalGeneration,
        BertConfig,
        BertModel,
        ByT5Tokenizer,
        PreTrainedTokenizerFast,
    )  # fmt: skip

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(33, 127)]
    words = [*special, *letters, *(f"##{one}" for one in letters)]
    inner = Tokenizer(
        models.WordPiece({word: n for n, word in enumerate(words)}, unk_token="[UNK]")
    )
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), special, strict=True))
    tokens = {f"{name}_token": token for name, token in names.items()}
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=256,
        )
    ).save_pretrained(folder / "encoder")  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, **tokens)
    tokenizer.save_pretrained(folder / "encoder")
    BartForConditionalGeneration(
        BartConfig(
            vocab_size=384, d_model=16, encoder_layers=1, decoder_layers=1,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
            decoder_ffn_dim=32, max_position_embeddings=260, pad_token_id=0, bos_token_id=2,
            eos_token_id=1, decoder_start_token_id=2, forced_eos_token_id=None, init_std=0.5,
        )
    ).save_pretrained(folder / "reader")  # fmt: skip
    ByT5Tokenizer().save_pretrained(folder / "reader")


def write_documents(folder: Path) -> None:
    lines = [
        json.dumps({"id": f"p{n}", "title": title, "text": text})
        for n, (title, text) in enumerate(TEXTS)
    ]
    (folder / "documents.jsonl").write_text("\n".join(lines), encoding="utf-8")


class Installation:
    """One home and the commands of the version on the path; names stay relative to `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("REREAD_")} | {
            "REREAD_HOME": str(folder / "home"), "REREAD_READER": "reader",
            "REREAD_RETRIEVER": "encoder", "REREAD_ADMIN_KEY": ADMIN, "REREAD_PORT": str(port),
            "REREAD_MAX_ANSWER_TOKENS": "4", "REREAD_THREADS": "1", "REREAD_DEVICE": "cpu",
        }  # fmt: skip

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "command", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self.environment)

    def command(self, *arguments: str) -> None:
        code = self.start(*arguments).wait()
        if code != 0:
            raise SystemExit(f"`reread {' '.join(arguments)}` ended with {code}.")

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {ADMIN}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers)
        with urllib.request.urlopen(request, timeout=120) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found

    def wait_for_generation(self, number: int) -> None:
        while True:
            try:
                if self.call("/readyz").get("generation") == number:
                    return
            except urllib.error.URLError:
                pass
            time.sleep(0.2)


def write_home(folder: Path) -> None:
    write_models(folder)
    write_documents(folder)
    reread = Installation(folder)
    reread.command("ingest", "documents.jsonl")
    reread.command("build")
    service = reread.start("serve")
    try:
        reread.wait_for_generation(1)
        answers = [
            reread.call("/answer", {"question": f"What is said of {title}?", "top_k": 4})
            for title, _ in TEXTS[:ASKED]
        ]
        reread.call("/admin/retrain", {"force": True, "epochs": 1})
        reread.wait_for_generation(2)
        found = reread.call("/search?q=What+is+said+of+Owls&top_k=4")
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait()
    expected = {"answers": answers, "search": found}
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        write_home(Path(scratch))
        with tarfile.open(sys.argv[1], "w:xz") as archive:
            for part in PARTS:
                archive.add(Path(scratch) / part, part)
