"""Play new users who bring data of their own, each from an empty folder.

    python tests/newcomer [--install] [--programs FOLDER] [STORY ...]

Every story goes from files to a served system that is asked, updated, backed up and
restored, by the command line and HTTP alone. Prints for each the seconds until the
first answer about the user's own things. With ``--install`` that begins with a new
environment into which pip installs the checkout; else the environment is that of the
Python that runs this, or of the programs in a FOLDER.
"""

import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from user import User

HERE = Path(__file__).parent
STORIES = sorted(path.stem.removesuffix("_story") for path in HERE.glob("*_story.py"))


def installed(folder: Path) -> tuple[str, float]:
    """Install the checkout into a new environment: its Python, the seconds it took."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin/python")
    wanted = f"{HERE.parents[1]}[serve]"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, wanted], check=True)
    return python, time.monotonic() - began


def main(words: list[str]) -> None:
    """Play the stories that are named, or all."""
    python, seconds = sys.executable, 0.0
    if "--programs" in words:
        at = words.index("--programs")
        python = f"{words[at + 1]}/python"
        words = words[:at] + words[at + 2 :]
    chosen = [word for word in words if word != "--install"] or STORIES
    with tempfile.TemporaryDirectory(prefix="newcomer-") as name:
        folder = Path(name)
        if "--install" in words:
            python, seconds = installed(folder / "environment")
            print(f"installed in {seconds:.0f} s", flush=True)
        for story in chosen:
            (folder / story).mkdir()
            user = User(folder / story, python)
            import_module(f"{story}_story").play(user)
            first = seconds + (user.seconds or 0.0)
            whole = time.monotonic() - user.began
            print(f"{story}: first own answer after {first:.0f} s", end="")
            print(f", the whole story {whole:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
