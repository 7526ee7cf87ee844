"""The bounded queue: order, grouping, isolation of failures, overload, death."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, wait

import pytest

from reread.errors import Overloaded
from service.answering.batcher import Batcher, WorkerDied
from service.answering.patience import WaitedTooLong
from tests.worlds.serving import until


class Desk:
    """A batcher over `10 * item`; its first batch waits until the test opens the gate."""

    def __init__(
        self, run: Callable[[int], int] = lambda item: 10 * item, **options: float
    ) -> None:
        self.gate, self.busy = threading.Event(), threading.Event()
        self.batches: list[list[int]] = []
        self.one = run
        settings = {"capacity": 8, "max_weight": 4.0, **options}
        self.batcher: Batcher[str, int, int] = Batcher("desk", self.run, **settings)  # type: ignore[arg-type]
        self.batcher.start()

    def run(self, key: str, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.busy.set()
        assert self.gate.wait(10)
        return [self.one(item) for item in items]

    def occupy(self) -> None:
        self.first = self.batcher.submit("first", 0)
        assert self.busy.wait(10)


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(*args: object, **options: float) -> Desk:
        desks.append(Desk(*args, **options))  # type: ignore[arg-type]
        return desks[-1]

    yield make
    for desk in desks:
        desk.gate.set()
        desk.batcher.stop()


def test_waiting_items_of_one_key_go_together_in_order(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.occupy()
    futures = [
        desk.batcher.submit(key, item) for key, item in zip("aabaaa", range(1, 7), strict=True)
    ]
    desk.gate.set()
    assert [future.result(10) for future in futures] == [10, 20, 30, 40, 50, 60]
    assert desk.batches == [[0], [1, 2, 4, 5], [3], [6]]


def test_a_failing_item_fails_alone(make_desk: Callable[..., Desk]) -> None:
    def one(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    desk = make_desk(one)
    desk.occupy()
    futures = [desk.batcher.submit("a", item) for item in (1, 2, 3)]
    desk.gate.set()
    assert futures[0].result(10) == 1
    with pytest.raises(ValueError, match="two"):
        futures[1].result(10)
    assert futures[2].result(10) == 3
    assert desk.batches == [[0], [1, 2, 3], [1], [2], [3]]
    assert desk.batcher.submit("a", 4).result(10) == 4


def test_a_full_queue_refuses_at_once_and_takes_again(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(capacity=2)
    desk.occupy()
    kept = [desk.batcher.submit("a", item) for item in (1, 2)]
    with pytest.raises(Overloaded, match="2 requests already wait for the desk and at most 2 may"):
        desk.batcher.submit("a", 3)
    kept[0].cancel()
    late = desk.batcher.submit("a", 4)  # the abandoned place is given away
    desk.gate.set()
    assert (kept[1].result(10), late.result(10)) == (20, 40)
    assert [1] not in desk.batches and [1, 2] not in desk.batches


def test_an_abandoned_item_is_never_computed(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    desk.occupy()
    gone, stays = desk.batcher.submit("a", 1), desk.batcher.submit("a", 2)
    assert gone.cancel()
    desk.gate.set()
    assert stays.result(10) == 20
    assert desk.batches == [[0], [2]]
    with pytest.raises(CancelledError):
        gone.result(0)


def test_an_item_that_waited_too_long_expires(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(wait_s=0.05)
    desk.occupy()
    late = desk.batcher.submit("a", 1)
    time.sleep(0.1)
    desk.gate.set()
    with pytest.raises(WaitedTooLong, match="longer than the 0.05 s allowed"):
        late.result(10)
    assert desk.batches == [[0]]


def test_a_heavy_item_goes_alone(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(weigh=float)
    desk.occupy()
    futures = [desk.batcher.submit("a", item) for item in (3, 9, 1)]
    desk.gate.set()
    assert [future.result(10) for future in futures] == [30, 90, 10]
    assert desk.batches == [[0], [3, 1], [9]]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_worker_resolves_everybody(make_desk: Callable[..., Desk]) -> None:
    def one(item: int) -> int:
        raise SystemExit("out of memory")

    desk = make_desk(one)
    desk.occupy()
    waiting = [desk.batcher.submit("a", item) for item in (1, 2)]
    desk.gate.set()
    assert not wait([desk.first, *waiting], 10).not_done
    for future in (desk.first, *waiting):
        assert isinstance(future.exception(), WorkerDied)
    assert not desk.batcher.alive
    with pytest.raises(WorkerDied, match="SystemExit: out of memory"):
        desk.batcher.submit("a", 3)


def test_a_wrong_number_of_results_is_nobodys_answer() -> None:
    batcher: Batcher[str, int, int] = Batcher(
        "short", lambda _, items: [], capacity=2, max_weight=2
    )
    batcher.start()
    with pytest.raises(RuntimeError, match="0 results for 1 items"):
        batcher.submit("a", 1).result(10)
    batcher.stop()
    assert not batcher.alive


def test_a_hung_worker_shows_how_long_it_hangs() -> None:
    """Defect: readiness stayed green with a hung reader and 65 requests waiting."""
    now, gate = [0.0], threading.Event()

    def hang(_key: None, items: Sequence[int]) -> Sequence[int]:
        assert gate.wait(10)
        return items

    batcher: Batcher[None, int, int] = Batcher(
        "reader", hang, capacity=4, max_weight=1, clock=lambda: now[0]
    )
    batcher.start()
    assert batcher.busy_s == 0.0
    future = batcher.submit(None, 7)
    until(lambda: batcher.depth == 0)
    now[0] = 75.0
    assert batcher.busy_s == 75.0
    gate.set()
    assert future.result(10) == 7
    until(lambda: batcher.busy_s == 0.0)
    batcher.stop()
