"""ROUGE-L, BLEU and METEOR of free-form answers, the figures FiD-KD gives for NarrativeQA (§4.1).

Nothing is downloaded, so METEOR is the variant without synonyms: exact words, then equal English
Porter stems, aligned greedily as NLTK does (alpha 0.9, beta 3, gamma 0.5). ROUGE-L is rouge-score's
F-measure without stemming. Both take the best over the accepted answers, and both see words:
runs of letters and digits in lower case, which on ASCII text are rouge-score's own tokens. Figures
published for NarrativeQA come from other tokenisers and a METEOR with synonyms, and do not compare
digit for digit. Needs the `eval` extra; knows strings only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import regex  # type: ignore[import-untyped]

from evaluation.bleu import ORDERS, Bleu, bleu_variant, measure_bleu
from reread.errors import RereadError

PACKAGES = ("rouge_score", "sacrebleu", "nltk")
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+")


@dataclass(frozen=True, slots=True)
class LongAnswerScores:
    """All between 0 and 1; `columns` hold one value per question, `bleu` figures of the set."""

    columns: dict[str, list[float | None]]
    bleu: dict[str, Bleu]
    variants: dict[str, str]


class _Words:
    """The tokenizer that rouge-score is given."""

    def tokenize(self, text: str) -> list[str]:
        return split_words(text)


class _NoSynonyms:
    """Stands where NLTK expects WordNet, and knows no word."""

    def synsets(self, word: str) -> list[Any]:
        return []


def split_words(text: str) -> list[str]:
    """Runs of letters, digits and marks, in lower case.

    >>> split_words("Don't use Straße_2!")
    ['don', 't', 'use', 'straße', '2']
    """
    found: list[str] = _WORD.findall(text.lower())
    return found


def score_long_answers(
    answers: Sequence[str], references: Sequence[Sequence[str]]
) -> LongAnswerScores:
    """Each answer against its accepted answers; RereadError where a package is missing."""
    require_packages()
    bleu = {f"bleu_{n}": measure_bleu(answers, references, n) for n in ORDERS}
    columns: dict[str, list[float | None]] = {
        "rouge_l": [*rouge_l(answers, references)],
        **{f"sentence_{name}": [*one.sentences] for name, one in bleu.items()},
        "meteor": [*meteor(answers, references)],
    }
    return LongAnswerScores(columns, bleu, _variants())


def require_packages() -> None:
    """RereadError where one is not installed; ask before a reader has worked for an hour."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise RereadError(
            f"The figures for long answers need {', '.join(missing)}, which is not installed; "
            f"run `pip install 'reread[eval]'`."
        )


def rouge_l(answers: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """F-measure of the longest common subsequence of words (Lin 2004), best reference."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=_Words())
    pairs = zip(answers, references, strict=True)
    return [float(scorer.score_multi(known, said)["rougeL"].fmeasure) for said, known in pairs]


def meteor(answers: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """METEOR (Lavie and Agarwal 2007) without the synonym stage, best reference.

    An answer equal to its reference of n words scores 1 - 0.5 / n^3, not 1.
    """
    from nltk.translate.meteor_score import meteor_score

    nothing: Any = _NoSynonyms()
    return [
        float(meteor_score([split_words(one) for one in known], split_words(said), wordnet=nothing))
        for said, known in zip(answers, references, strict=True)
    ]


def _variants() -> dict[str, str]:
    return {
        "rouge_l": f"rouge-score {version('rouge-score')}, F-measure, no stemming, best answer",
        "bleu": bleu_variant(),
        "meteor": f"nltk {version('nltk')}, exact and Porter-stem matches, no synonyms (no WordNet)"
        ", best answer",
    }
