"""ROUGE-L, BLEU and METEOR against formulas written out here, and against the libraries whole."""

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from evaluation.bleu import measure_bleu
from evaluation.long_answers import meteor, rouge_l, score_long_answers, split_words

ROOT = Path(__file__).parents[2]
WORDS = [
    "the",
    "cat",
    "cats",
    "sat",
    "sitting",
    "on",
    "a",
    "mat",
    "mats",
    "dog",
    "dogs",
    "ran",
    "running",
    "home",
]
STEM = PorterStemmer().stem


def make_answers(seed: int, count: int = 12) -> tuple[list[str], list[list[str]]]:
    random = Random(seed)

    def sentence() -> str:
        return " ".join(random.choices(WORDS, k=random.randint(0, 9)))

    return (
        [sentence() for _ in range(count)],
        [[sentence() + " end" for _ in range(random.randint(1, 3))] for _ in range(count)],
    )


def slow_subsequence(a: list[str], b: list[str]) -> int:
    if not a or not b:
        return 0
    if a[-1] == b[-1]:
        return 1 + slow_subsequence(a[:-1], b[:-1])
    return max(slow_subsequence(a[:-1], b), slow_subsequence(a, b[:-1]))


def slow_rouge(answer: str, reference: str) -> float:
    said, wanted = answer.split(), reference.split()
    return 2 * slow_subsequence(said, wanted) / (len(said) + len(wanted))


def slow_meteor(answer: str, reference: str) -> float:
    """Words from the last to the first, each to the last free equal one; then by stem."""
    said, wanted = answer.split(), reference.split()
    pairs: dict[int, int] = {}
    for form in (str, STEM):
        for i in reversed(range(len(said))):
            free = [j for j in range(len(wanted)) if j not in pairs.values()]
            equal = [j for j in free if form(wanted[j]) == form(said[i])]
            if i not in pairs and equal:
                pairs[i] = equal[-1]
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(said), len(pairs) / len(wanted)
    mean = precision * recall / (0.9 * precision + 0.1 * recall)
    chunks = sum(pairs.get(i - 1, -2) + 1 != j for i, j in pairs.items())
    return mean * (1 - 0.5 * (chunks / len(pairs)) ** 3)


def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    words = text.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def slow_corpus_bleu(answers: list[str], references: list[list[str]], order: int) -> float:
    """Papineni's formula; orders without a hit get 1/2, 1/4, ... hits (sacrebleu's `exp`)."""
    logs, halved = 0.0, 1
    for n in range(1, order + 1):
        hits = total = 0
        for answer, known in zip(answers, references, strict=True):
            most: Counter[tuple[str, ...]] = Counter()
            for one in known:
                most |= grams(one, n)
            hits += (grams(answer, n) & most).total()
            total += grams(answer, n).total()
        if not hits:
            halved *= 2
        logs += math.log(hits / total if hits else 1 / (halved * total)) / order
    lengths = [len(one.split()) for one in answers]
    closest = [
        min((len(one.split()) for one in known), key=lambda n: (abs(n - length), n))
        for length, known in zip(lengths, references, strict=True)
    ]
    return math.exp(min(0.0, 1 - sum(closest) / sum(lengths)) + logs)


@pytest.mark.parametrize("seed", range(5))
def test_rouge_and_meteor_equal_their_formulas(seed: int) -> None:
    answers, references = make_answers(seed)
    pairs = list(zip(answers, references, strict=True))
    rouge = [max(slow_rouge(answer, one) for one in known) for answer, known in pairs]
    assert rouge_l(answers, references) == pytest.approx(rouge)
    wanted = [max(slow_meteor(answer, one) for one in known) for answer, known in pairs]
    assert meteor(answers, references) == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("order", [1, 4])
def test_bleu_of_the_set_equals_its_formula_and_sacrebleus(seed: int, order: int) -> None:
    answers, references = make_answers(seed)
    found = measure_bleu(answers, references, order)
    assert found.corpus == pytest.approx(slow_corpus_bleu(answers, references, order))
    streams = [[known[i] if i < len(known) else None for known in references] for i in range(3)]
    whole = BLEU(lowercase=True, max_ngram_order=order).corpus_score(answers, streams)
    assert found.corpus == pytest.approx(whole.score / 100)


def test_case_counts_nowhere() -> None:
    scores = score_long_answers(["The Blue Whale swims"], [["the blue whale Swims"]])
    assert [scores.columns[f"sentence_bleu_{n}"] for n in (1, 4)] == [[pytest.approx(1.0)]] * 2
    assert scores.columns["rouge_l"] == [1.0]
    assert scores.columns["meteor"] == [pytest.approx(1 - 0.5 / 64)]


def test_bleu_of_one_answer_uses_the_orders_it_is_long_enough_for() -> None:
    found = measure_bleu(["blue whale", "the blue whale", ""], [["blue whale"], ["a"], ["b"]], 4)
    assert found.sentences == pytest.approx((1.0, 0.0, 0.0))


def test_the_interval_of_bleu_equals_a_slow_bootstrap() -> None:
    answers, references = make_answers(3, 40)
    found = measure_bleu(answers, references, 1)
    drawn = np.random.default_rng(6).integers(0, 40, size=(300, 40))
    slow = [
        slow_corpus_bleu([answers[i] for i in draw], [references[i] for i in draw], 1)
        for draw in drawn
    ]
    assert found.interval(resamples=300, seed=6) == pytest.approx(np.quantile(slow, [0.025, 0.975]))
    assert measure_bleu(["a"], [["a"]], 1).interval() is None


def test_words_are_rouge_scores_own_where_text_is_ascii() -> None:
    texts = ["Don't U.S. 3.5-km/h, snake_case!", "  A\tb\n(c) 1,000 e-mail ", "x" * 9, "?!"]
    stock = RougeScorer(["rougeL"])
    for first in texts:
        for second in texts:
            wanted = stock.score(first, second)["rougeL"].fmeasure
            assert rouge_l([second], [[first]]) == [wanted]


def test_other_scripts_have_words_too() -> None:
    assert split_words("Größe: Ёлка नमस्ते") == ["größe", "ёлка", "नमस्ते"]
    assert rouge_l(["синий кит"], [["большой синий кит"]]) == pytest.approx([0.8])
    assert RougeScorer(["rougeL"]).score("синий кит", "синий кит")["rougeL"].fmeasure == 0.0


def test_an_equal_answer_scores_just_below_one_in_meteor_and_stems_count() -> None:
    assert meteor(["the blue whale", "whales"], [["The blue whale."], ["whale"]]) == [
        pytest.approx(1 - 0.5 / 27), 0.5
    ]  # fmt: skip
    assert meteor(["car"], [["automobile"]]) == [0.0]  # a synonym; WordNet would find it


def test_empty_answers_and_empty_references_score_zero() -> None:
    scores = score_long_answers(["", "word", "!"], [["word"], [""], ["!"]])
    columns = {name: column[:2] for name, column in scores.columns.items()}
    assert columns == {
        name: [0.0, 0.0] for name in ("rouge_l", "sentence_bleu_1", "sentence_bleu_4", "meteor")
    }
    assert "no synonyms" in scores.variants["meteor"]
    assert "case:lc" in scores.variants["bleu"] and "no stemming" in scores.variants["rouge_l"]


def test_importing_the_module_loads_none_of_the_libraries() -> None:
    program = (
        "import sys, evaluation.figures, evaluation.bleu, evaluation.comparison\n"
        "heavy = {'nltk', 'sacrebleu', 'rouge_score', 'ir_measures', 'pytrec_eval'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=120)


def test_a_missing_package_is_named_with_its_remedy() -> None:
    program = (
        "import sys\nsys.modules['nltk'] = None  # what Python itself keeps for 'cannot be found'\n"
        "from reread.errors import RereadError\n"
        "from evaluation.long_answers import score_long_answers\n"
        "try:\n    score_long_answers(['a'], [['a']])\n"
        "except RereadError as error:\n    print(error, error.exit_code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == (
        "The figures for long answers need nltk, which is not installed; "
        "run `pip install 'reread[eval]'`. 1\n"
    ), done.stderr
