"""`reread convert reader|retriever`: published Fusion-in-Decoder checkpoints to folders of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from command.terminal.console import make_console
from reread.errors import BadRequest

if TYPE_CHECKING:
    from trainer.fid.weights import Conversion

SourceArgument = Annotated[
    Path, typer.Argument(help="Folder with config.json and pytorch_model.bin or safetensors.")
]
OutputOption = Annotated[Path, typer.Option(help="Folder to make; it must not exist.")]
TokenizerOption = Annotated[
    str | None, typer.Option(help="Folder or name; default: SOURCE's, else the published one.")
]


def add_commands(app: typer.Typer) -> None:
    convert = typer.Typer(
        help="Turn published Fusion-in-Decoder checkpoints into folders of ours.",
        no_args_is_help=True,
    )
    convert.command("reader")(convert_reader)
    convert.command("retriever")(convert_retriever)
    app.add_typer(convert, name="convert")


def convert_reader(
    source: SourceArgument,
    output: OutputOption,
    tokenizer: TokenizerOption = None,
    input_eos: Annotated[
        bool,
        typer.Option("--input-eos", help="End segments with </s>: trained by transformers >= 3.1."),
    ] = False,
) -> None:
    """A reader: a stock T5 folder for REREAD_READER."""
    from reread.retriever.files import silence_progress_bars
    from trainer.fid.reader import convert_reader

    silence_progress_bars()
    refuse_existing(output)
    done = convert_reader(source, output, tokenizer=tokenizer, input_eos=input_eos)
    show_conversion(done, f"use it with REREAD_READER={output}")


def convert_retriever(
    source: SourceArgument, output: OutputOption, tokenizer: TokenizerOption = None
) -> None:
    """A retriever: a folder for `reread build --retriever dense --model`."""
    from reread.retriever.files import silence_progress_bars
    from trainer.fid.retriever import convert_retriever

    silence_progress_bars()
    refuse_existing(output)
    done = convert_retriever(source, output, tokenizer=tokenizer)
    show_conversion(done, f"use it with `reread build --retriever dense --model {output}`")


def refuse_existing(output: Path) -> None:
    """Nothing is overwritten."""
    if output.exists():
        raise BadRequest(f"{output} exists; choose another --output or remove it.")


def show_conversion(done: Conversion, use: str) -> None:
    """What was written and what was left out."""
    console = make_console()
    for one in done.dropped:
        console.print(f"left out {one.name}: {one.reason}", markup=False)
    console.print(
        f"{done.tensors} tensors with {done.parameters:,} numbers are in {done.folder}; {use}.",
        markup=False,
    )
