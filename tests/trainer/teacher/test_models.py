"""Teachers that are models: each against one plain call of the model per passage or pair."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
)

from reread.errors import BadRequest
from reread.records import Passage
from tests.worlds.reader_training import make_t5, make_tokenizer
from tests.worlds.tiny import WORDS, load, make_encoder, make_examples
from trainer.examples import Example
from trainer.settings import DistilSettings
from trainer.teacher.choice import judge
from trainer.teacher.cross_encoder import CrossEncoder
from trainer.teacher.prompted import DUO_PROMPT, FirstWord, PromptedPairs, PromptedTeacher
from trainer.teacher.score_cache import CachedTeacher, ScoreCache
from trainer.teacher.teacher import Judgement, teach


def make_cross_encoder(folder: Path, labels: int = 1) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=64, num_labels=labels,
        )  # fmt: skip
        model = BertForSequenceClassification(config)
    load(make_encoder(folder / "words")).tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("labels", [1, 2])
def test_a_cross_encoder_scores_each_pair_as_if_alone(tmp_path: Path, labels: int) -> None:
    teacher = CrossEncoder.load(str(make_cross_encoder(tmp_path, labels)), device="cpu")
    examples = make_examples(3)
    for one in teach(teacher, examples):
        assert (one.signal, one.reader) == ("cross_encoder", teacher.name)
        for score, passage in zip(one.teacher, one.passages, strict=True):
            encoded = teacher.tokenizer(one.question, passage.text, return_tensors="pt")
            with torch.inference_mode():
                logits = teacher.model(**encoded).logits[0]
            wanted = logits[0] if labels == 1 else logits[1] - logits[0]
            assert score == pytest.approx(float(wanted), abs=1e-5)


def test_a_classifier_of_three_labels_is_no_relevance(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="has 3 labels and a relevance has 1 or 2"):
        CrossEncoder.load(str(make_cross_encoder(tmp_path, 3)), device="cpu")


def make_model(family: str) -> PreTrainedModel:
    torch.manual_seed(1)
    if family == "t5":
        return make_t5().eval()
    if family == "bart":
        config = BartConfig(
            vocab_size=384, d_model=32, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32,
            decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2,
            pad_token_id=0, bos_token_id=2, eos_token_id=1, decoder_start_token_id=1,
            forced_bos_token_id=2, forced_eos_token_id=1,
        )  # fmt: skip
        return BartForConditionalGeneration(config).eval()
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=384, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=1)
    ).eval()


def slow_odds(model: PreTrainedModel, tokenizer: object, prompt: str, yes: int, no: int) -> float:
    """One prompt alone, through `generate`'s own first step."""
    ids = torch.tensor(tokenizer([prompt])["input_ids"])  # type: ignore[operator]
    steps = 2 if model.generation_config.forced_bos_token_id is not None else 1
    found = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=steps, min_new_tokens=steps,
        do_sample=False, num_beams=1, output_logits=True, return_dict_in_generate=True,
    )  # fmt: skip
    first = found.logits[steps - 1][0]
    return float(first[yes] - first[no])


@pytest.mark.parametrize("family", ["t5", "bart", "gpt2"])
def test_a_prompt_is_answered_by_its_first_word(family: str) -> None:
    model, tokenizer = make_model(family), make_tokenizer()
    words = ("true", "false") if family != "gpt2" else ("\x01", "\x02")
    scorer = FirstWord.of(model, tokenizer, family, ("true", "false")) if family != "gpt2" else (
        FirstWord(model, tokenizer, family, 100, 101)
    )  # fmt: skip
    assert words and scorer.yes != scorer.no
    passages = (Passage("a", "T", "short"), Passage("b", "", "a longer text of several words"))
    example = Example("who?", passages, (None, None), (0.0, 0.0), "", 1)
    teacher = PromptedTeacher(scorer)
    for score, text in zip(
        teacher.judge([example])[0].scores, ("T short", passages[1].text), strict=True
    ):
        prompt = f"Query: who? Document: {text} Relevant:"
        assert score == pytest.approx(
            slow_odds(model, tokenizer, prompt, scorer.yes, scorer.no), abs=1e-4
        )
    pairs = PromptedPairs(scorer).compare("who?", [passages, passages[::-1]])
    asked = [("T short", passages[1].text), (passages[1].text, "T short")]
    for score, (first, second) in zip(pairs, asked, strict=True):
        prompt = DUO_PROMPT.format(question="who?", first=first, second=second)
        assert score == pytest.approx(
            slow_odds(model, tokenizer, prompt, scorer.yes, scorer.no), abs=1e-4
        )


def test_a_long_passage_leaves_the_prompts_end(tmp_path: Path) -> None:
    scorer = FirstWord.of(make_t5(), make_tokenizer(), "t5", ("true", "false"))
    assert scorer.cut(Passage("a", "", "x" * 500)) == "x" * 180
    with pytest.raises(BadRequest, match="cannot tell 'true' from 'tree' by a first token"):
        FirstWord.of(make_t5(), make_tokenizer(), "t5", ("true", "tree"))


@dataclass
class Counting:
    """Scores by the text's length; dies after so many calls if told to."""

    dies_after: int = 1_000
    name: str = "counting@1"
    signal: str = "cross_encoder"
    asked: list[str] = field(default_factory=list)

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        if len(self.asked) >= self.dies_after:
            raise KeyboardInterrupt
        self.asked += [passage.text for one in examples for passage in one.passages]
        return [Judgement(tuple(float(len(p.text)) for p in one.passages)) for one in examples]


def test_a_killed_scoring_run_goes_on_and_nothing_is_scored_twice(tmp_path: Path) -> None:
    examples, whole = make_examples(12), Counting()
    wanted = [one.teacher for one in teach(whole, examples)]
    cache = ScoreCache(tmp_path / "teacher.db")
    killed = Counting(dies_after=20)
    with pytest.raises(KeyboardInterrupt):
        teach(CachedTeacher(killed, cache), examples)
    cache.close()
    cache = ScoreCache(tmp_path / "teacher.db")
    resumed = Counting()
    assert [one.teacher for one in teach(CachedTeacher(resumed, cache), examples)] == wanted
    assert len(killed.asked) >= 20 and len(killed.asked) + len(resumed.asked) == 12 * 6
    again = Counting()
    teach(CachedTeacher(again, cache), examples)
    assert again.asked == []
    other = Counting(name="counting@2")  # another revision is asked anew
    teach(CachedTeacher(other, cache), examples[:1])
    assert len(other.asked) == 6


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused_by_name(value: float) -> None:
    class Broken(Counting):
        def judge(self, examples: Sequence[Example]) -> list[Judgement]:
            return [Judgement((value, *[1.0] * (len(e.passages) - 1))) for e in examples]

    with pytest.raises(BadRequest, match=r"counting@1 \(cross_encoder\) scores 1 of 6 passages"):
        teach(Broken(), make_examples(2))


def test_a_teacher_that_says_the_same_of_all_is_refused() -> None:
    class Flat(Counting):
        def judge(self, examples: Sequence[Example]) -> list[Judgement]:
            return [Judgement((0.5,) * len(one.passages)) for one in examples]

    with pytest.raises(BadRequest, match="each of the 2 questions the same score"):
        teach(Flat(), make_examples(2))


def test_settings_choose_the_teacher(tmp_path: Path) -> None:
    model = str(make_cross_encoder(tmp_path / "model"))
    settings = DistilSettings(teacher="cross_encoder", teacher_model=model)

    def no_reader() -> object:
        raise AssertionError("a cross-encoder needs no reader")

    found = judge(
        settings, make_examples(2), no_reader, tmp_path / "t.db", device="cpu", seed=0  # type: ignore[arg-type]
    )  # fmt: skip
    alone = CrossEncoder.load(model, device="cpu").judge(make_examples(2))
    assert [one.teacher for one in found] == [pytest.approx(one.scores, abs=1e-5) for one in alone]
    cases = [
        ({"teacher": "prompted"}, "no teacher_model is named"),
        ({"pair_teacher": "cross_encoder"}, "'cross_encoder' compares no pairs; pair_teacher is"),
        ({"pair_teacher": "prompted_pairs"}, "no pair_model is named"),
        ({"objective": "pair_kl"}, "which the teacher attention does not make: name a pair_teac"),
        ({"teacher_prompt": "Is {passage} good?"}, "has the fields {passage}; it needs {question}"),
        ({"pair_prompt": "{question} {first} {third}"}, "it needs {question}, {first}, {second}"),
        ({"pair_prompt": "{question"}, "is no template"),
        ({"teacher_words": "yes"}, "teacher_words is 'yes'; give two different words"),
    ]
    for given, complaint in cases:
        with pytest.raises(BadRequest, match=complaint):
            DistilSettings(**given)  # type: ignore[arg-type]
