"""The README is true: its commands run as written, its Python runs as printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))
# The environment is made already where tests run.
ELSEWHERE = ("make ", "source ")


def commands():
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [command for command in found if not command.startswith(ELSEWHERE)]


@pytest.mark.skipif(sys.platform == "win32", reason="the commands of a POSIX shell")
def test_every_command_of_the_readme_runs_in_its_order(tmp_path):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_DATA_HOME": str(tmp_path / "own"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    environment.pop("LOOKALIKE_DATA", None)
    demo = re.search(r"lookalike demo .*", (ROOT / "Makefile").read_text()).group()
    assert len(commands()) >= 9
    for command in [demo, *commands()]:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True
        )
        assert done.returncode == 0, (command, done.stderr.decode())
    assert (tmp_path / "report.html").exists()


def test_the_python_of_the_readme_runs():
    [block] = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, check=True
    )
    assert float(done.stdout.split()[0]) > 0.93


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
