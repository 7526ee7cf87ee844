"""Runs a command that must not outlive the process that started it.

`python -m trainer.leash COMMAND...`: standard input is a pipe its starter holds open and never
writes to. When the starter dies, even by SIGKILL, the pipe ends and the command's whole process
group is killed. Exits as the command does (128 + signal where it was killed by one).
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence


def run(command: Sequence[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_kill_at_end_of_input, args=(child.pid,), daemon=True).start()
    code = child.wait()
    return 128 - code if code < 0 else code


def _kill_at_end_of_input(group: int) -> None:
    while os.read(0, 1024):
        continue
    kill_group(group)


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
