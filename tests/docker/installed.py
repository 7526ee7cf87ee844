"""The images' installation without an engine: their own commands make a wheel and install it.

The sources are the files that the Dockerfile copies, and no others; what the wheel depends on is
taken from the interpreter that runs the tests, so nothing is fetched. Knows Dockerfiles; starts
nothing that stays.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.docker.image_file import build_steps, copied, read_image

OFFLINE = ["--no-deps", "--no-index", "--no-build-isolation"]


def install(file: Path, target: str, folder: Path) -> Path:
    """Build and install as the Dockerfile says; the folder with `python` and `reread`."""
    context, wheels, installed = file.parents[1], folder / "wheels", folder / "venv"
    sources = copy_sources(file, target, context, folder / "project")
    for step in build_steps(file, target):
        run(pip_words(step, wheels), sources)
    venv.create(installed, with_pip=False)
    for step in read_image(file, target).runs:
        if " pip install " in step:
            run(pip_words(step, wheels, installed / "bin" / "python"), sources)
    borrow_packages(installed)
    return installed / "bin"


def copy_sources(file: Path, target: str, context: Path, project: Path) -> Path:
    """What a build sees of the sources: the copied paths, less what .dockerignore keeps out."""
    stages = re.findall(r"from=([\w-]+)", " ".join(read_image(file, target).runs))
    ignored = shutil.ignore_patterns("__pycache__")
    project.mkdir(parents=True)
    for sources, destination in copied(file, stages[0]):
        for one in sources:
            place = project / (destination if not destination.endswith("/") else one)
            if (context / one).is_dir():
                shutil.copytree(context / one, place, ignore=ignored)
            else:
                shutil.copy(context / one, place)
    return project


def pip_words(step: str, wheels: Path, python: Path | None = None) -> str:
    """A RUN line's pip command with the folder for /wheels, and nothing fetched."""
    command = step[step.index("pip ") :].replace("/wheels", str(wheels))
    verb = "wheel" if command.startswith("pip wheel") else "install"
    options = " ".join(OFFLINE if verb == "wheel" else OFFLINE[:2])
    pip = f"{sys.executable} -m pip" + (f" --python {python}" if python else "")
    return command.replace(f"pip {verb}", f"{pip} {verb} {options}", 1)


def run(command: str, folder: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)


def borrow_packages(installed: Path) -> None:
    """Let the new environment see the packages of this one, but not its editable installs.

    A path in a .pth file is searched; the .pth files that lie there are not read.
    """
    place = Path(sysconfig.get_path("purelib", vars={"base": str(installed)}))
    (place / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
