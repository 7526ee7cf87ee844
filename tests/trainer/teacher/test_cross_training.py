"""A cross-encoder that is trained here: what it learns from, that it learns, that it goes on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch

from evaluation.questions import LabelledQuestion
from reread.artefacts.passages import PassageStore
from reread.errors import BadRequest
from reread.records import Passage
from tests.trainer.teacher.test_models import make_cross_encoder
from tests.worlds.tiny import ANIMALS, FILLERS, make_encoder, make_store
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.teacher.choice import judge
from trainer.teacher.cross_encoder import CrossEncoder
from trainer.teacher.cross_training import draw, load_base, right_first, train_cross_encoder
from trainer.teacher.negatives import Mined, mine
from trainer.teacher.training_settings import CrossTraining

TRAINING = CrossTraining(
    steps=60, learning_rate=2e-3, batch_questions=8, negatives=3, dropout=0.0,
    freeze_embeddings=False, save_every=10, log_every=10,
)  # fmt: skip


def asked_for(animal: str, gold: str, number: int) -> LabelledQuestion:
    words = f"{FILLERS[number % 10]} {FILLERS[number * 3 % 10]}"
    return LabelledQuestion(str(number), f"where is the {animal} {words}", (animal,), (gold,))


def planted(count: int) -> list[Mined]:
    """Right passages are the red ones, wherever the word stands."""
    mined = []
    for n in range(count):
        random, others = Random(n), [one for one in FILLERS if one != "red"]
        texts = [[*random.sample(others, 3), random.choice(ANIMALS)] for _ in range(6)]
        texts[0][random.randrange(3)] = "red"
        made = [Passage(str(k), "", " ".join(words)) for k, words in enumerate(texts)]
        question = asked_for(ANIMALS[n % 10], "", n).question + f" {n}"
        mined.append(Mined(question, made[0], tuple(made[1:]), words_agree=False))
    return mined


def test_wrong_passages_are_bm25s_first_that_hold_no_answer(tmp_path: Path) -> None:
    passages = [
        Passage("a#0", "", "red old cat near"),
        Passage("a#1", "", "red old dog far"),  # wrong: the question's words, another animal
        Passage("a#2", "", "red old cat fast"),  # holds the answer: neither right nor wrong
        Passage("a#3", "", "green owl"),  # shares nothing: BM25 does not find it
        Passage("a#4", "", "old cow slow"),
    ]
    store = PassageStore.create(tmp_path, passages)
    asked = LabelledQuestion("1", "where is the red old one", ("cat",), ("a#0",))
    (found,) = mine([asked], store, 5)
    assert found.right.id == "a#0"
    assert [one.id for one in found.wrong] == ["a#1", "a#4"]
    (unnamed,) = mine([replace(asked, passage_ids=())], store, 5)
    assert unnamed.right.text.split()[2] == "cat" and unnamed.wrong == found.wrong
    unfound = replace(asked, question="cow", passage_ids=("a#0",))
    (found,) = mine([unfound], store, 5)
    assert (found.right.id, [one.id for one in found.wrong]) == ("a#0", ["a#4"])
    assert not found.words_agree
    with pytest.raises(BadRequest, match="None of the 1 questions has a right passage"):
        mine([replace(asked, answers=("yak",), passage_ids=("b#0",))], store, 5)


def test_every_question_comes_once_before_any_again_with_its_right_passage_first() -> None:
    questions = planted(10)
    settings = replace(TRAINING, batch_questions=4, negatives=7)
    drawn = [one for step in range(5) for one in draw(questions, settings, step)]
    names = [question for question, _ in drawn]
    assert set(names[:10]) == set(names[10:]) == {one.question for one in questions}
    by_question = {one.question: one for one in questions}
    for question, passages in drawn:
        one = by_question[question]
        assert passages[0] == one.right and len(passages) == 8
        assert set(passages[1:]) == set(one.wrong)  # five of them, two repeated


def train(folder: Path, base: Path, settings: CrossTraining, stop: int | None = None) -> list[dict]:
    """A run, killed by an exception out of its report after `stop` steps if told to."""
    lines: list[dict] = []

    def report(line: dict[str, float]) -> None:
        lines.append(line)
        if stop is not None and line["step"] > stop:
            raise KeyboardInterrupt

    model, tokenizer = load_base(str(base), seed=0)
    train_cross_encoder(model, tokenizer, planted(40), settings, folder, report=report)
    return lines


def test_it_learns_to_put_the_right_passage_first(tmp_path: Path) -> None:
    base = make_encoder(tmp_path / "base")
    lines = train(tmp_path / "teacher", base, TRAINING)
    assert lines[-1]["loss"] < 0.3 * lines[0]["loss"]
    teacher = CrossEncoder.load(str(tmp_path / "teacher"), device="cpu")
    unseen = planted(80)[40:]
    firsts = [right_first(teacher.score, one) for one in unseen]
    assert sum(firsts) >= 0.8 * len(firsts)
    untaught = CrossEncoder.load(str(make_cross_encoder(tmp_path / "untaught")), device="cpu")
    assert sum(right_first(untaught.score, one) for one in unseen) < sum(firsts)


def test_the_teacher_made_here_judges_in_the_loop(tmp_path: Path) -> None:
    train(tmp_path / "teacher", make_encoder(tmp_path / "base"), TRAINING)
    settings = DistilSettings(teacher="cross_encoder", teacher_model=str(tmp_path / "teacher"))
    one = planted(1)[0]
    example = Example(one.question, (*one.wrong, one.right), (None,) * 6, (), "", 1)
    (judged,) = judge(
        settings, [example], lambda: None, tmp_path / "t.db", device="cpu", seed=0  # type: ignore[arg-type,return-value]
    )  # fmt: skip
    assert judged.signal == "cross_encoder"
    assert judged.teacher.index(max(judged.teacher)) == 5


def weights(folder: Path) -> Sequence[torch.Tensor]:
    return list(CrossEncoder.load(str(folder), device="cpu").model.state_dict().values())


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    base = make_encoder(tmp_path / "base")
    settings = replace(TRAINING, steps=30, dropout=0.1)
    train(tmp_path / "whole", base, settings)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed", base, settings, stop=15)
    assert not (tmp_path / "killed" / "config.json").exists()
    lines = train(tmp_path / "killed", base, settings)
    assert [line["step"] for line in lines] == [20, 30]
    pairs = zip(weights(tmp_path / "whole"), weights(tmp_path / "killed"), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(BadRequest, match="holds a run with negatives = 3 and this one has 2"):
        train(tmp_path / "killed", base, replace(settings, negatives=2))


def test_a_corpus_with_no_right_passage_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store")
    with pytest.raises(BadRequest, match="give the passages that the questions were asked of"):
        mine([asked_for("unicorn", "x", 0)], store, 10)
