"""Opening the database at the same moment from many places."""

import threading
from pathlib import Path

from reread.log.jobs import JobBoard


def test_many_first_openers_of_one_file_all_succeed(tmp_path: Path):
    """The switch to WAL ignores SQLite's busy timeout, so a simultaneous first opening failed."""
    for round_number in range(20):
        path = tmp_path / f"{round_number}.db"
        failures: list[BaseException] = []
        start = threading.Barrier(6)

        def open_board(path: Path = path, start=start, failures=failures) -> None:
            start.wait()
            try:
                JobBoard(path).close()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=open_board) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
