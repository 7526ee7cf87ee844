"""A round's examples with the scores of the teacher that the settings name.

What the log holds is taken as it is; the rest is retrieved, read or judged again. Knows the order
of these and what must be there for them; each teacher's work is its own.
"""

from collections.abc import Callable, Sequence

from evaluation.measure import AnswerReader
from reread.artefacts.generation import Generation
from reread.artefacts.tuned import tuning_of
from reread.errors import BadRequest
from reread.records import LOGGED_AGGREGATION
from trainer.examples import Example
from trainer.loop.parts import RoundParts
from trainer.settings import TrainerSettings
from trainer.teacher.attention import AttentionTeacher
from trainer.teacher.choice import judge
from trainer.teacher.rereading import retrieve_again
from trainer.teacher.teacher import teach
from trainer.teaching import ANSWER_TEACHERS, ATTENTION, MODEL_TEACHERS

Progress = Callable[[float], None]


def judge_examples(
    parts: RoundParts,
    generation: Generation | None,
    examples: Sequence[Example],
    progress: Progress,
) -> Sequence[Example]:
    """Examples as the settings want them judged; `progress` may raise to stop."""
    distil = parts.settings.distil
    again = [one for one in examples if is_read_again(one, parts.settings, parts.tuning)]
    judged = distil.taught_by != ATTENTION or distil.pair_teacher is not None
    if not again and not judged:
        return examples
    if again and generation is None or (parts.load_reader is None and needs_reader(parts.settings)):
        raise BadRequest(
            f"Reading {len(again) or len(examples)} questions again (teacher {distil.taught_by}, "
            f"aggregation {parts.settings.aggregation}, reread_top_k "
            f"{parts.settings.reread_top_k}) needs a reader and a published generation: start the "
            f"trainer with both, or use the teacher {ATTENTION}, {LOGGED_AGGREGATION} and 0."
        )
    progress(0.0)
    load_reader = _once(parts.load_reader)
    ready = [one for one in examples if not is_read_again(one, parts.settings, parts.tuning)]
    if again:
        assert generation is not None
        ready += _refresh(generation, again, load_reader, parts.settings, progress)
        ready.sort(key=lambda one: one.sequence)
    if not judged:
        return ready
    if distil.taught_by in ANSWER_TEACHERS:  # questions without an answer are left out
        ready = [one for one in ready if one.answer.strip()] or ready
    return judge(
        distil, ready, load_reader, parts.home.teacher_scores_file, device=parts.settings.device,
        seed=parts.settings.seed, progress=progress,
    )  # fmt: skip


def is_read_again(example: Example, settings: TrainerSettings, tuning: int | None = None) -> bool:
    """Only attention depends on the aggregation and the reader; for others the passages of the log
    will do.

    Scores of a reader from before or after a tuning (`tuning` is that of the one that serves) are
    on another scale, and never stand beside its own.
    """
    if settings.distil.taught_by != ATTENTION:
        return settings.reread_top_k > 0
    other = example.signal != settings.aggregation or tuning_of(example.reader) != tuning
    return settings.reread_top_k > 0 or other


def needs_reader(settings: TrainerSettings) -> bool:
    """Whether something of it is the reader's; asked only where anything is judged again."""
    return settings.distil.taught_by not in MODEL_TEACHERS or (
        settings.distil.pair_teacher == "reader"
    )


def _refresh(
    generation: Generation,
    examples: Sequence[Example],
    load_reader: Callable[[], AnswerReader],
    settings: TrainerSettings,
    progress: Progress,
) -> list[Example]:
    """Fresh passages, and for who learns from the reader its attention and answers."""
    top_k = settings.reread_top_k or max(len(one.passages) for one in examples)
    fresh = retrieve_again(generation, examples, top_k, progress=lambda share: progress(0.0))
    if settings.distil.taught_by in MODEL_TEACHERS:
        return fresh
    return teach(AttentionTeacher(load_reader(), settings.aggregation), fresh, progress=progress)


def _once(load: Callable[[], AnswerReader] | None) -> Callable[[], AnswerReader]:
    """The reader, loaded when it is first asked for."""
    held: list[AnswerReader] = []

    def reader() -> AnswerReader:
        if not held:
            assert load is not None
            held.append(load())
        return held[0]

    return reader
