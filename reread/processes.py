"""Processes that must not outlive the one that started them: a leash, and a watch on the parent.

`python -m reread.processes SECONDS COMMAND...`, the leash: standard input is a pipe into which its
starter writes a byte now and then. When the starter dies, even by SIGKILL, or is stopped and writes
nothing for SECONDS, the command's whole process group is killed. Exits as the command does
(128 + signal where it was killed by one).

`watch_parent`, the watch: this process ends itself. Ending abruptly is safe for the trainer: its
job's lease runs out and the next one takes it up. Knows process ids only.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

PARENT_GONE = 70  # exit status
NOT_STARTED = 127  # as a shell says it


def run(command: Sequence[str], silence_s: float) -> int:
    """Run the command on a leash: it ends when standard input ends, or is silent for so long."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started ({error.strerror})\n")
        return NOT_STARTED
    watch = (child.pid, silence_s)
    threading.Thread(target=_kill_when_silent, args=watch, daemon=True).start()
    code = child.wait()
    return 128 - code if code < 0 else code


def watch_parent(pid: int, *, every_s: float = 1.0) -> threading.Thread:
    """End the process with PARENT_GONE within `every_s` of the parent's death."""
    thread = threading.Thread(target=_watch, args=(pid, every_s), daemon=True, name="parent")
    thread.start()
    return thread


def is_alive(pid: int) -> bool:
    """Whether the system has a process of this id, ours or another's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself


def _kill_when_silent(group: int, silence_s: float) -> None:
    while select.select([0], [], [], silence_s)[0] and os.read(0, 1024):
        continue
    kill_group(group)


def _watch(pid: int, every_s: float) -> None:
    is_child = os.getppid() == pid  # else something stands between: only its life can be asked
    while os.getppid() == pid if is_child else is_alive(pid):
        time.sleep(every_s)
    os._exit(PARENT_GONE)


if __name__ == "__main__":
    sys.exit(run(sys.argv[2:], float(sys.argv[1])))
