"""Ends this process when the one that started it is gone.

Knows process ids only. Ending abruptly is safe: the job's lease runs out and the next trainer
takes it up, and the builder is on a leash.
"""

import os
import threading
import time

PARENT_GONE = 70  # exit status


def watch_parent(pid: int, *, every_s: float = 1.0) -> threading.Thread:
    """End the process with PARENT_GONE within `every_s` of the parent's death."""
    thread = threading.Thread(target=_watch, args=(pid, every_s), daemon=True, name="parent")
    thread.start()
    return thread


def _watch(pid: int, every_s: float) -> None:
    is_child = os.getppid() == pid  # else something stands between: only its life can be asked
    while os.getppid() == pid if is_child else _is_alive(pid):
        time.sleep(every_s)
    os._exit(PARENT_GONE)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
