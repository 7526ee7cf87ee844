"""The hot swap: pins, refusals, fallback, freeing."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from reread.errors import CorruptArtefact, NoGeneration
from service.answering.live import HOW_TO_BEGIN, RETRY_S, LiveGeneration
from tests.worlds.fakes import Shelf, WordGeneration


def live_over(shelf: Shelf, **options: Callable[[], float]) -> LiveGeneration:
    return LiveGeneration(
        lambda: shelf.current, lambda: sorted(shelf.generations), shelf.open, poll_s=0.01, **options
    )  # type: ignore[arg-type]


def test_nothing_published_says_what_to_run() -> None:
    live = live_over(Shelf())
    with pytest.raises(NoGeneration, match="is being loaded"):
        live.pin()
    assert live.refresh() is False
    assert live.missing == HOW_TO_BEGIN
    with pytest.raises(NoGeneration, match="reread ingest PATH"):
        live.pin()


def test_a_pinned_generation_outlives_the_swap_and_is_freed_after_its_last_request() -> None:
    shelf, old, new = Shelf(), WordGeneration(1), WordGeneration(2)
    shelf.publish(1, old)
    live = live_over(shelf)
    live.refresh()
    first, second = live.pin(), live.pin()
    live.start()
    shelf.publish(2, new)
    until(lambda: live.number == 2)
    assert first.generation is old and new.warmed
    first.release()
    time.sleep(0.05)
    assert not old.closed
    second.release()
    until(lambda: old.closed)
    assert not new.closed
    live.stop()


def test_a_shared_pin_counts_for_itself() -> None:
    shelf, old = Shelf(), WordGeneration(1)
    shelf.publish(1, old)
    live = live_over(shelf)
    live.start()
    until(lambda: live.number == 1)
    pin = live.pin()
    share = pin.share()
    shelf.publish(2, WordGeneration(2))
    until(lambda: live.number == 2)
    pin.release()
    time.sleep(0.05)
    assert share.generation is old and not old.closed
    share.release()
    until(lambda: old.closed)
    live.stop()


def test_a_damaged_generation_is_refused_once_and_the_old_one_serves() -> None:
    shelf, refusals = Shelf(), []
    shelf.publish(1, WordGeneration(1))
    live = LiveGeneration(
        lambda: shelf.current, lambda: [1, 2], shelf.open, on_refusal=lambda: refusals.append(1)
    )
    live.refresh()
    shelf.publish(2, CorruptArtefact("weights have sha256 a where b was expected"))
    assert [live.refresh(), live.refresh()] == [False, False]
    assert live.number == 1 and shelf.opened == [1, 2] and refusals == [1]
    assert live.warnings == ["Generation 2 was refused: weights have sha256 a where b was expected"]
    shelf.publish(3, WordGeneration(3))
    assert live.refresh() and live.warnings == [] and live.number == 3


def test_publishing_the_same_number_under_a_new_fence_is_tried_again() -> None:
    shelf = Shelf()
    shelf.publish(1, CorruptArtefact("torn"), fence=4)
    live = live_over(shelf)
    live.refresh()
    assert live.missing is not None and "torn" in live.missing
    shelf.publish(1, WordGeneration(1), fence=5)
    assert live.refresh() and live.number == 1


def test_a_failure_that_may_pass_is_tried_again_later() -> None:
    shelf, now = Shelf(), [100.0]
    shelf.publish(1, WordGeneration(1))
    live = live_over(shelf, clock=lambda: now[0])
    live.refresh()
    shelf.publish(2, WordGeneration(2, warm_error=MemoryError("12 GB")))
    live.refresh()
    assert live.warnings == ["Generation 2 was refused: MemoryError: 12 GB"]
    shelf.generations[2] = WordGeneration(2)
    assert not live.refresh()
    now[0] += RETRY_S + 1
    assert live.refresh() and live.number == 2


def test_a_start_with_a_damaged_generation_takes_the_newest_sound_one() -> None:
    shelf = Shelf()
    shelf.generations = {1: WordGeneration(1), 2: WordGeneration(2), 3: CorruptArtefact("cut")}
    shelf.publish(4, CorruptArtefact("torn"))
    live = live_over(shelf)
    assert live.refresh() and live.number == 2
    assert "Generation 4 was refused: torn" in live.warnings
    live.refresh()
    assert "Generation 4 was refused: torn" in live.warnings


def test_readers_never_see_a_freed_generation_over_many_swaps() -> None:
    shelf, stop, torn = Shelf(), threading.Event(), []
    failed: list[BaseException] = []
    asked: list[int] = []
    shelf.publish(1, WordGeneration(1))
    live = live_over(shelf)
    live.start()
    until(lambda: live.number == 1)

    def ask() -> None:
        while not stop.is_set():
            pin = live.pin()
            generation = pin.generation
            [hits] = generation.find(generation.embed(["wells"]), 1)
            [passage] = generation.passages.get([hits[0].row])
            if f"edition {generation.number} " not in passage.text:
                torn.append(passage.text)
            pin.release()
            asked.append(generation.number)

    def ask_until_told() -> None:
        try:
            ask()
        except BaseException as error:  # a thread that dies says nothing by itself
            failed.append(error)

    threads = [threading.Thread(target=ask_until_told) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(2, 40):
        shelf.publish(number, WordGeneration(number))
        until(lambda n=number: live.number == n)
    stop.set()
    for thread in threads:
        thread.join()
    until(lambda: all(shelf.generations[n].closed for n in range(1, 39)))  # type: ignore[union-attr]
    live.stop()
    assert torn == [] and failed == []
    assert len(set(asked)) > 1


def until(condition: Callable[[], bool], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.002)


def test_a_restored_file_is_served_without_a_restart() -> None:
    """Defect: "restore the file" was followed, and the generation stayed refused."""
    shelf, now = Shelf(), [100.0]
    shelf.publish(1, WordGeneration(1))
    live = live_over(shelf, clock=lambda: now[0])
    live.refresh()
    shelf.publish(2, CorruptArtefact("weights have sha256 a where b was expected"))
    live.refresh()
    shelf.generations[2] = WordGeneration(2)
    now[0] += 59.0
    assert not live.refresh()
    now[0] += 1.0
    assert live.refresh() and live.number == 2 and live.warnings == []


class ColdGeneration(WordGeneration):
    """Whoever uses it first waits: for a compilation, or for files to be read."""

    def __init__(self, number: int, *, warms: bool) -> None:
        super().__init__(number)
        self.warms, self.is_cold, self.waited = warms, True, list[str]()

    def embed(self, questions: Sequence[str]) -> list[set[str]]:
        if self.is_cold:
            self.waited.append(threading.current_thread().name)
        self.is_cold = False
        return super().embed(questions)

    def warm(self) -> None:
        if self.warms:
            self.embed(["What is warmed up here?"])


@pytest.mark.parametrize("warms", [True, False])
def test_the_first_use_of_a_generation_is_paid_before_it_serves(warms: bool) -> None:
    """Without a warm-up one request pays; with it none does, however many come at the swap."""
    shelf, stop, served = Shelf(), threading.Event(), set[int]()
    fresh = ColdGeneration(2, warms=warms)
    shelf.publish(1, WordGeneration(1))
    live = live_over(shelf)
    live.refresh()

    def ask() -> None:
        while not stop.is_set():
            pin = live.pin()
            pin.generation.find(pin.generation.embed(["wells"]), 1)
            served.add(pin.generation.number)
            pin.release()

    requests = [threading.Thread(target=ask, name="a request") for _ in range(4)]
    for one in requests:
        one.start()
    live.start()
    shelf.publish(2, fresh)
    until(lambda: 2 in served)
    stop.set()
    for one in requests:
        one.join()
    assert ("a request" in fresh.waited) != warms and len(fresh.waited) >= 1
    live.stop()
