"""The causal reader's parts alone: the store of states, attention gathered, tokens chosen."""

import torch

from reread.reader.causal.attention import BlockTap
from reread.reader.causal.copying import Copying, fold
from reread.reader.causal.decoding import Speller, Vocabulary
from reread.reader.causal.evidence import Gathering
from reread.reader.causal.loading import load_causal
from reread.reader.causal.states import StateCache, States
from reread.reader.causal.strings import cut_blocks, prompt_ids
from reread.reading import ReadRequest
from reread.records import Passage
from tests.reread.reader.causal.tiny_causal import save_tiny_causal


def states_of(blocks):
    """16 bytes a token: keys and values of one layer, one head, two float32 numbers."""
    return [States(torch.zeros(1, 1, len(b), 2), torch.zeros(1, 1, len(b), 2)) for b in blocks]


def test_the_store_lets_go_of_what_was_read_longest_ago():
    cache = StateCache(limit_bytes=16 * 6)
    for block in ((1, 2), (3, 4), (1, 2), (5, 6), (7, 8)):
        cache.fetch([block], states_of)
    assert (cache.hits, cache.misses, cache.held_bytes) == (1, 4, 96)
    encoded = []
    cache.fetch([(1, 2), (5, 6), (7, 8)], lambda b: encoded.extend(b) or states_of(b))
    assert encoded == []
    cache.fetch([(3, 4)], lambda b: encoded.extend(b) or states_of(b))
    assert encoded == [(3, 4)] and cache.held_bytes == 96


def tap_of(value):
    tap = BlockTap()
    tap.scores, tap.weights = [torch.full((2, 4), value)], [torch.full((2, 4), value / 10)]
    return tap


def test_scores_and_weights_of_several_steps_are_means_and_the_first_step_stands_alone():
    gathering = Gathering(1, [2, 1])
    gathering.add(tap_of(1.0))
    gathering.add(tap_of(3.0))
    found = gathering.evidence(torch.ones(1, 1, 4))
    assert found.scores[0, 0, 0].tolist() == [1.0, 1.0]
    assert found.mean_scores[0, 0, 0].tolist() == [2.0, 2.0]
    torch.testing.assert_close(found.mean_weights[0, 0, 0], torch.tensor([0.2, 0.2]))


def test_the_question_stands_behind_the_longest_block(tmp_path):
    reader = load_causal(str(save_tiny_causal(tmp_path / "m")), dtype="float32")
    passages = (Passage("a", "", "red"), Passage("b", "", "Set LOG_DIR to the folder first."))
    asked, _ = prompt_ids("who?", reader.style, reader.tokenizer, 700)
    longest = max(len(one.ids) for one in cut_blocks(passages, reader.tokenizer))
    opened = reader.prepare(ReadRequest("who?", passages))
    assert opened.position == 1 + longest + len(asked)


def test_an_end_inside_a_number_is_passed_over_for_what_goes_on():
    pieces = [b"", b" 1", b",250", b" litres"]
    speller = Speller(Vocabulary(pieces, frozenset({0})), "how much", [fold("1,250 litres")])
    assert speller.choose(torch.tensor([9.0, 5.0, 0.0, 0.0])) == 1
    assert speller.choose(torch.tensor([9.0, 0.0, 5.0, 0.0])) == 2
    assert speller.choose(torch.tensor([9.0, 0.0, 0.0, 5.0])) is None
    assert speller.draft.nothing > 0.9 and len(speller.draft.chances) == 3


def test_places_that_end_with_a_whole_word_come_first():
    copying = Copying([fold("redder hen"), fold("red fox")])
    copying.take(copying.fitting(b" red"))
    assert [place.passage for place in copying.spans()] == [1, 0]


def test_a_model_without_a_chat_template_is_told_of_in_one_sentence(tmp_path, caplog):
    """Its remedies, followed: a template of its own, or tuned here, and nothing is said."""
    folder = save_tiny_causal(tmp_path / "plain")
    reader = load_causal(str(folder), dtype="float32")
    (said,) = [one.getMessage() for one in caplog.records if "chat template" in one.getMessage()]
    assert str(folder) in said and "reread train-reader --base" in said and "\n" not in said
    assert reader.info()["prompt"] == "plain"
    caplog.clear()
    (folder / "reader.json").write_text('{"tuned": true}', encoding="utf-8")
    load_causal(str(folder), dtype="float32")
    (folder / "reader.json").unlink()
    tokenizer = reader.tokenizer
    tokenizer.chat_template = "{% for m in messages %}<s>{{ m.content }}{% endfor %} So:"
    tokenizer.save_pretrained(folder)
    assert load_causal(str(folder), dtype="float32").info()["prompt"] == "chat"
    assert not [one for one in caplog.records if "chat template" in one.getMessage()]
