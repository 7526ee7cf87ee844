"""The reader's attention as a teacher: the paper's own, one reading of all passages together.

Knows a reader; knows no log and no student.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.measure import AnswerReader
from reread.reading import ReadRequest
from reread.records import LOGGED_AGGREGATION
from trainer.examples import Example
from trainer.teacher.teacher import Judgement


@dataclass(frozen=True, slots=True)
class AttentionTeacher:
    """Its signal is the aggregation's name: scores of another aggregation are on another scale."""

    reader: AnswerReader
    signal: str = LOGGED_AGGREGATION

    @property
    def name(self) -> str:
        return self.reader.name

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        requests = [ReadRequest(one.question, one.passages) for one in examples]
        readings = self.reader.read(requests, aggregation=self.signal)
        return [Judgement(tuple(one.attention), answer=one.answer) for one in readings]
