"""From settings to teachers: loads the models that the settings name, with their cache.

Knows every teacher and which of them needs the reader; knows no log, no run and no student.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from evaluation.measure import AnswerReader
from reread.errors import BadRequest
from reread.reader.reader import Reader
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.teacher.attention import AttentionTeacher
from trainer.teacher.cross_encoder import CrossEncoder
from trainer.teacher.likelihoods import LikelihoodTeacher
from trainer.teacher.pairs import PairTeacher, ReaderPairs, teach_pairs
from trainer.teacher.prompted import (
    DUO_PROMPT,
    MONO_PROMPT,
    FirstWord,
    PromptedPairs,
    PromptedTeacher,
)
from trainer.teacher.scaling import reader_temperatures
from trainer.teacher.score_cache import CachedPairs, CachedTeacher, ScoreCache
from trainer.teacher.teacher import Progress, Teacher, teach
from trainer.teaching import ANSWER_TEACHERS, ATTENTION, MODEL_TEACHERS, two_words

SCALING_QUESTIONS = 16  # read in full to know the scale of a reader's attention
LoadReader = Callable[[], AnswerReader]


def judge(
    settings: DistilSettings,
    examples: Sequence[Example],
    load_reader: LoadReader,
    cache_file: Path,
    *,
    device: str,
    seed: int,
    progress: Progress = lambda share: None,
) -> list[Example]:
    """Examples with the scores, and the pairs, of the settings' teachers.

    Attention's scores are those that the examples have. `load_reader` is called only if a teacher
    is the reader, or is made of its answers.
    """
    taught, halves = list(examples), 2 if settings.pair_teacher else 1
    cache = ScoreCache(cache_file) if needs_cache(settings) else None
    try:
        if settings.taught_by != ATTENTION:
            teacher = load_teacher(settings, load_reader, cache, device=device)
            taught = teach(teacher, taught, progress=lambda share: progress(share / halves))
        if settings.pair_teacher:
            pairs = load_pair_teacher(settings, taught, load_reader, cache, device=device)
            taught = teach_pairs(
                pairs, taught, settings, seed=seed, progress=lambda share: progress(0.5 + share / 2)
            )
    finally:
        if cache is not None:
            cache.close()
    return taught


def needs_cache(settings: DistilSettings) -> bool:
    return settings.taught_by in MODEL_TEACHERS or settings.pair_teacher is not None


def load_teacher(
    settings: DistilSettings, load_reader: LoadReader, cache: ScoreCache | None, *, device: str
) -> Teacher:
    """The pointwise teacher, where it is not attention."""
    name = settings.taught_by
    if name in ANSWER_TEACHERS:
        return LikelihoodTeacher(_own_model(load_reader(), name), name)
    assert settings.teacher_model is not None and cache is not None
    if name == "cross_encoder":
        return CachedTeacher(CrossEncoder.load(settings.teacher_model, device=device), cache)
    words = two_words("teacher_words", settings.teacher_words)
    scorer = FirstWord.load(settings.teacher_model, words, device=device)
    return CachedTeacher(PromptedTeacher(scorer, settings.teacher_prompt or MONO_PROMPT), cache)


def load_pair_teacher(
    settings: DistilSettings,
    examples: Sequence[Example],
    load_reader: LoadReader,
    cache: ScoreCache | None,
    *,
    device: str,
) -> PairTeacher:
    """Which compares two passages; the reader's preferences are not cached: no revision is known
    of a reader that a service may swap."""
    if settings.pair_teacher == "reader":
        reader = load_reader()
        if settings.taught_by != ATTENTION or reader.name not in {one.reader for one in examples}:
            examples = teach(AttentionTeacher(reader), examples[:SCALING_QUESTIONS])
        return ReaderPairs(reader, reader_temperatures(examples)[reader.name])
    assert settings.pair_model is not None and cache is not None
    words = two_words("pair_words", settings.pair_words)
    scorer = FirstWord.load(settings.pair_model, words, device=device)
    return CachedPairs(PromptedPairs(scorer, settings.pair_prompt or DUO_PROMPT), cache)


def _own_model(reader: AnswerReader, teacher: str) -> Reader:
    if not isinstance(reader, Reader):
        raise BadRequest(
            f"The teacher {teacher} needs a reader whose model runs in the trainer, and "
            f"{reader.name} does not: set REREAD_READER to a T5 or BART checkpoint, or use the "
            f"teacher {ATTENTION}."
        )
    return reader
