"""Every verb, given what is wrong: a sentence, a status that is not 0, no traceback."""

import json
import os
import subprocess

import pytest
import typer
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.systems import specs

ABSENT = "postgresql://nobody:secret@127.0.0.1:9/nothing"
NO_INPUT = {"doctor", "data list", "encoders list"}
"""Verbs that take nothing that could be wrong."""
LEARNS = {"demo", "train"}
"""Verbs that make the folder they are given."""


def verbs(command, path=()):
    """Yield every verb of the app with its words."""
    inside = getattr(command, "commands", {})
    for name, each in inside.items():
        yield from verbs(each, (*path, name))
    if not inside or getattr(command, "invoke_without_command", False):
        yield path, command


VERBS = dict(verbs(typer.main.get_command(app)))


def options(command):
    """Every option of a verb by the name of its value."""
    return {p.name: p.opts[0] for p in command.params if p.param_type_name == "option"}


def nonsense(command, system="nonsense"):
    """A value for each argument that the verb needs."""
    needed = [p for p in command.params if p.param_type_name == "argument"]
    words = {"system": system, "scope": "root", "generations": "no-such-system"}
    return [words.get(p.name, "no-such-thing") for p in needed]


def check(words, env=None):
    result = CliRunner(env=env).invoke(app, [str(word) for word in words])
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.exit_code not in (0, 70), result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert 1 <= len(lines) <= 3, result.stderr
    assert "Traceback" not in result.output
    assert "secret" not in result.output
    return lines[-1]


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in ("DATA", "FOLDER", "DATABASE", "KEY", "STATE"):
        monkeypatch.delenv(f"LOOKALIKE_{variable}", raising=False)
    monkeypatch.chdir(tmp_path)


ALL = sorted(" ".join(path) for path in VERBS)


@pytest.mark.parametrize("verb", ALL)
def test_an_option_that_there_is_not(verb):
    assert "No such option" in check([*verb.split(), "--nonsense"])


@pytest.mark.parametrize("verb", [v for v in ALL if v not in {*NO_INPUT, "demo"}])
def test_arguments_of_nonsense(verb):
    command = VERBS[tuple(verb.split())]
    words = [*verb.split(), *nonsense(command)]
    if verb == "systems":
        words += ["--folder", "no-such-folder"]
    check(words)


@pytest.mark.parametrize("verb", [v for v in ALL if v not in {*NO_INPUT, "demo"}])
def test_every_option_of_nonsense(verb):
    command = VERBS[tuple(verb.split())]
    words = [*verb.split(), *nonsense(command)]
    for parameter in command.params:
        flag = getattr(parameter, "is_flag", False)
        if parameter.param_type_name == "option" and parameter.name != "help":
            words += [parameter.opts[0], *([] if flag else ["nonsense"])]
    check(words)


WITH_FOLDER = [v for v in ALL if "folder" in options(VERBS[tuple(v.split())])]


@pytest.mark.parametrize("verb", WITH_FOLDER)
@pytest.mark.parametrize("kind", ["missing", "empty", "a file", "foreign"])
def test_folders_without_a_generation(verb, kind, tmp_path):
    if kind in ("missing", "empty") and verb in {*LEARNS, "systems"}:
        pytest.skip("It makes what is missing, or says that nothing is there.")
    if kind == "foreign" and verb in {*LEARNS, "systems"}:
        pytest.skip("A folder with other things in it is a folder.")
    folder = tmp_path / "place"
    if kind == "empty":
        folder.mkdir()
    elif kind == "a file":
        folder.write_text("no folder")
    elif kind == "foreign":
        (folder / "0001").mkdir(parents=True)
        (folder / "0001" / "system.json").write_text('{"hello": "world"}')
    command = VERBS[tuple(verb.split())]
    words = [*verb.split(), *nonsense(command, "digits"), "--folder", folder]
    if verb == "serve":
        words = ["serve", "--port", 0, "--folder", folder]
    check(words)


@pytest.mark.parametrize("verb", WITH_FOLDER)
def test_a_folder_that_may_not_be_looked_into(verb, tmp_path):
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("Nothing is closed to this user.")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    command = VERBS[tuple(verb.split())]
    check([*verb.split(), *nonsense(command, "digits"), "--folder", folder])
    folder.chmod(0o700)


WITH_DATABASE = [v for v in ALL if "database" in options(VERBS[tuple(v.split())])]


@pytest.mark.parametrize("verb", WITH_DATABASE)
def test_a_database_that_is_not_there(verb, library, tmp_path):
    command = VERBS[tuple(verb.split())]
    words = [*verb.split(), *nonsense(command)]
    if verb == "serve":
        words = ["serve", library.folder, "--port", 0]
    if "state" in options(command):
        words += ["--state", tmp_path / "state"]
    if "system" in options(command):
        words += ["--system", "digits"]
    if "folder" in options(command):
        words += ["--folder", library.folder]
    check([*words, "--database", ABSENT])
    check(words, {"LOOKALIKE_DATABASE": ABSENT})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_system_that_is_damaged_is_not_served(workers, library, tmp_path):
    for number in library.names():
        (library.folder / number / "labels.npy").write_bytes(b"")
    words = ["serve", library.folder, "--port", 0, "--workers", workers]
    assert "is damaged" in check([*words, "--state", tmp_path / "state"])


WORKERS = """
import sys

if __name__ == "__main__":
    from pathlib import Path

    from lookalike.core.library import Library
    from lookalike.service.server import bound, serve
    from lookalike.service.settings import Settings

    place = Path(sys.argv[1])
    settings = Settings(state=place, workers=2)
    with bound("127.0.0.1", 0) as listener:
        libraries = {"digits": Library("digits", place / "gone")}
        serve(libraries, f"sqlite:///{place}/lookalike.db", settings, listener)
"""


def test_a_worker_that_cannot_start_says_why_in_a_line(programs, tmp_path):
    (tmp_path / "workers.py").write_text(WORKERS)
    done = subprocess.run(
        [programs / "python", tmp_path / "workers.py", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(told) <= 20  # a few of each worker, and of their parent
    assert "holds no generation" in told[0]["reason"]


def test_a_fault_of_ours_is_one_sentence_too(monkeypatch, tmp_path):
    from lookalike.core import library

    def fails(self):
        raise KeyError("a\nline")

    monkeypatch.setattr(library.Library, "names", fails)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there").mkdir()
    result = CliRunner().invoke(app, ["systems", "--folder", str(tmp_path / "there")])
    assert result.exit_code == 70
    assert len(result.stderr.splitlines()) == 1
    assert "This is a fault of lookalike: KeyError" in result.stderr


# Which system


def test_the_only_system_that_can_is_taken(library, tmp_path, monkeypatch):
    (home := tmp_path / "home").mkdir()
    library.folder.rename(home / "digits")
    told = check(["search", "none.png", "--folder", home])
    assert "none.png does not exist" in told
    told = check(["recommend", "games", "ann", "--folder", home])
    assert "`lookalike train games` makes one" in told
    told = check(["verify", "a.png", "b.png", "--folder", home])
    assert "The system digits has no verify" in told
    monkeypatch.setenv("LOOKALIKE_FOLDER", str(home))
    assert "none.png does not exist" in check(["classify", "none.png"])
    told = check(["train", "games", "--folder", home / "digits"])
    assert "holds generations of digits; games needs a folder of its own" in told


def test_of_several_systems_the_sentence_lists_those_that_can(tmp_path):
    from lookalike.core.generation import save

    for name in ("digits", "images", "games"):
        library = Library(name, tmp_path / "home" / name)
        library.add(lambda place, name=name: save(place, name, {}, {}))
    where = ["--folder", tmp_path / "home"]
    told = check(["search", "x.png", *where])
    assert "several systems that can search here: digits, images; say which" in told
    assert "digits, games, images" in check(["serve", *where])
    assert "digits, games, images" in check(["keys", "list", *where])
    told = check(["verify", "a.png", "b.png", *where])
    assert "holds no system that can verify; `lookalike train SYSTEM`" in told
    assert "faces" in told


@pytest.mark.parametrize("system", specs())
def test_the_help_of_train_lists_the_options_of_a_system_with_what_they_mean(system):
    from lookalike.cli._system_help import option_rows

    rows = option_rows(specs()[system].system_class)
    assert all(meaning for _, meaning in rows), rows
    for verb in ("train", "evaluate"):
        said = CliRunner().invoke(app, [verb, system, "--help"]).stdout
        assert f"Options of {system}, " in said
        for option, _ in rows:
            assert option[:20] in said
        assert all(name in said for name in list(specs()[system].datasets)[:1])
