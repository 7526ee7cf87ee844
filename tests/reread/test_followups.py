"""Follow-up questions: what is put behind them, and what is left alone."""

import pytest

from reread.followups import leans, names_in, whole_question
from reread.reading import Turn

ORION = [Turn("How heavy is the Orion X2?", "14 kg")]


@pytest.mark.parametrize(
    ("question", "whole"),
    [
        ("How fast is it?", "How fast is it? (Orion X2)"),
        ("And in winter?", "And in winter? (Orion X2)"),
        ("What about its range?", "What about its range? (Orion X2)"),
        ("How fast is the Orion X2?", "How fast is the Orion X2?"),
        ("Is the Orion X2 faster than it was?", "Is the Orion X2 faster than it was?"),
        ("Which licence does the manual have?", "Which licence does the manual have?"),
    ],
)
def test_names_of_the_last_turn_go_behind_a_question_that_leans_on_it(question, whole):
    assert whole_question(question, ORION) == whole


def test_the_newest_turn_with_a_name_comes_first_and_older_ones_only_without():
    history = [Turn("Who built the Tower of London?", "William"), Turn("How high is it?", "27 m")]
    assert whole_question("Who lives in it?", history) == (
        "Who lives in it? (Tower of London, William)"
    )
    newer = [*history, Turn("And the Eiffel Tower?", "330 m")]
    assert whole_question("When was it built?", newer) == "When was it built? (Eiffel Tower)"


def test_answers_name_things_too():
    history = [Turn("which language is the tool written in?", "Rust")]
    assert whole_question("Who made it?", history) == "Who made it? (Rust)"


def test_a_conversation_without_names_gives_its_topic():
    history = [Turn("how do i reset the password", "press the red button")]
    assert whole_question("and how often?", history) == "and how often? (reset password)"


def test_without_history_nothing_changes_and_identifiers_are_names():
    assert whole_question("How fast is it?", []) == "How fast is it?"
    assert names_in("What does --no-verify do in git-commit?") == ["--no-verify", "git-commit"]
    assert names_in("Is max_body_bytes read?") == ["max_body_bytes"]
    assert leans("Why?") and not leans("Why is the sky of Mars red?")


def test_of_two_turns_with_names_the_newer_is_meant():
    history = [Turn("Who built the Tower of London?", ""), Turn("Where is the Eiffel Tower?", "")]
    assert whole_question("How high is it?", history) == "How high is it? (Eiffel Tower)"
