"""Pages are true: their Python runs, their commands exist, the README's run as written.

A block that needs a download or minutes of training has the line
``<!-- not run: REASON -->`` before it; console blocks are checked all the same.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from inspect import signature
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.systems import specs

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "benchmarks/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"(<!-- not run: .+ -->\n)?^ *```(\w+)\n(.*?)^ *```", re.S | re.M)
# The environment is made already where tests run.
ELSEWHERE = ("make ", "source ")


def blocks(page, language):
    """Whether each block of a language is to run, and its text."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(not mark, text) for mark, kind, text in found if kind == language]


def commands(page):
    """What a page tells its reader to type, without remarks."""
    text = "".join(text for _, text in blocks(page, "console"))
    lines = re.findall(r"^\$ (.+)", text.replace("\\\n", " "), flags=re.M)
    return [shlex.join(shlex.split(line, comments=True)) for line in lines]


def names(path):
    return str(path.relative_to(ROOT))


COMMANDS = [(page, command) for page in PAGES for command in commands(page)]
PYTHON = [page for page in PAGES if any(run for run, _ in blocks(page, "python"))]


@pytest.mark.parametrize("page", PYTHON, ids=names)
def test_the_python_of_a_page_runs(page, programs, tmp_path):
    code = "\n".join(text for run, text in blocks(page, "python") if run)
    done = subprocess.run(
        [programs / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if page == README:
        assert float(done.stdout.split()[0]) > 0.93


def complaint(command):
    """What the command line has against a command's verbs, options and systems."""
    words = shlex.split(command)[1:]
    # With --help the words are parsed, and nothing is done.
    said = CliRunner().invoke(app, [*words, "--help"])
    if said.exit_code:
        return said.output
    text = " ".join(words)
    systems = re.findall(r"--system (\w+)", text) + re.findall(
        r"^(?:train|evaluate|describe|recommend|serve|systems \w+) (\w+)(?: |$)", text
    )
    for system in systems:
        if system not in specs():
            return f"no system {system}"
    for option in re.findall(r"--set (\w+)=", text):
        if option not in signature(specs()[systems[0]].system_class).parameters:
            return f"no option {option}"
    return None


@pytest.mark.parametrize(
    ("page", "command"),
    [each for each in COMMANDS if each[1].startswith("lookalike ")],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_verbs_options_and_systems_of_a_page_exist(page, command):
    assert complaint(command) is None, page


@pytest.mark.parametrize(
    "command",
    ["tran digits", "train digits --sed 1", "train digit", "train digits --set x=1"],
)
def test_a_command_that_does_not_exist_is_noticed(command):
    assert complaint(f"lookalike {command}")


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_extras_groups_and_make_verbs_of_a_page_exist(page):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    for extras in re.findall(r"lookalike\[([\w,]+)\]", text):
        for extra in extras.split(","):
            assert extra in project["project"]["optional-dependencies"]
    for group in re.findall(r"--group (\w+)", text):
        assert group in project["dependency-groups"]
    for verb in re.findall(r"(?:^\$ |`)make (\w+)", text, flags=re.M):
        assert re.search(rf"^{verb}:", makefile, flags=re.M), verb


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.skipif(sys.platform == "win32", reason="the commands of a POSIX shell")
def test_every_command_of_the_readme_runs_in_its_order(
    demonstrated, programs, tmp_path
):
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "XDG_DATA_HOME": str(tmp_path / "own"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    environment.pop("LOOKALIKE_DATA", None)
    shutil.copytree(demonstrated[0], tmp_path, dirs_exist_ok=True)
    asked = [each for each in commands(README) if not each.startswith(ELSEWHERE)]
    assert len(asked) >= 9
    for command in asked:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True
        )
        assert done.returncode == 0, (command, done.stderr.decode())
    assert (tmp_path / "report.html").exists()
