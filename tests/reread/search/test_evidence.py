"""What may be read: passages that share something, each text once."""

from reread.records import Hit, Passage
from reread.search.duplicates import near_duplicates
from reread.search.evidence import select_evidence

LONG = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(90))


def passages(*texts: str) -> list[Passage]:
    return [Passage(f"p{n}", "", text) for n, text in enumerate(texts)]


def firsts(question: str, *texts: str) -> list[int]:
    return near_duplicates(question, passages(*texts))


def test_copies_are_told_whatever_their_case_marks_and_spacing():
    assert firsts("?", "The desk, at nine.", "the  desk at nine", "ＴＨＥ desk at nine!") == [
        0,
        0,
        0,
    ]
    assert firsts("?", LONG, f"{LONG} again", f"well {LONG}") == [0, 0, 0]


def test_a_number_a_name_a_negation_or_a_word_of_the_question_makes_another_text():
    for other in (f"{LONG} 7", f"{LONG} Berlin", f"{LONG} not", f"{LONG} valve"):
        assert firsts("which valve?", LONG, other) == [0, 1], other
    assert firsts("?", "version 1.2.3 is old", "version 2.1.3 is old") == [0, 1]
    assert firsts("?", "use C++ here", "use C# here") == [0, 1]


def test_what_shares_nothing_is_no_evidence_and_is_shown_only_where_nothing_does():
    held = passages("the valve is red", "cats sleep", "a valve")
    hits = [Hit(0, 2.0), Hit(1, 0.0), Hit(2, 1.0)]
    found = select_evidence("What is a valve?", held, hits, 10, near=None)
    assert (found.places, found.copies, found.holds) == ((0, 2), (0, 0), True)
    none = select_evidence("What is a tapir?", held, hits, 2, near=None)
    assert (none.places, none.holds) == ((0, 1), False)
    asking = select_evidence(
        "What does it do?", passages("what we do"), [Hit(0, 1.0)], 5, near=None
    )
    assert asking.holds  # a question of such words alone is about them


def test_near_vectors_stand_in_for_words_from_the_floor_on():
    held = passages("feline rests", "stone")
    hits = [Hit(0, 0.5), Hit(1, 0.2)]
    found = select_evidence("cat sleeping", held, hits, 10, near=0.35)
    assert (found.places, found.holds) == ((0,), True)


def test_copies_are_counted_beside_the_first_and_leave_room_for_others():
    held = passages("the valve is red", "the valve is red.", "The valve is red", "a valve leaks")
    hits = [Hit(n, 4.0 - n) for n in range(4)]
    found = select_evidence("valve?", held, hits, 2, near=None)
    assert (found.places, found.copies) == ((0, 3), (2, 0))
