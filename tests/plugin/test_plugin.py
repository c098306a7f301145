"""A system of another distribution, found by its entry point, is a system like ours."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
METADATA = "Metadata-Version: 2.1\nName: lookalike-tongues\nVersion: 1.0\n"
ENTRY_POINTS = "[lookalike.systems]\ntongues = tongues:SPEC\n"
TEXT = "quien calla otorga"
COMMANDS = """
import json, sys
from typer.testing import CliRunner
from lookalike.cli.app import app

for words in json.load(sys.stdin):
    done = CliRunner().invoke(app, words)
    print(json.dumps([done.exit_code, done.stdout, done.output]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the distribution as pip installs it."""
    folder = tmp_path_factory.mktemp("site")
    kept = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "tongues", folder / "tongues", ignore=kept)
    about = folder / "lookalike_tongues-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


@pytest.fixture(scope="module")
def environment(site):
    """The environment of processes that find the distribution."""
    paths = [str(site), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.fixture(scope="module")
def run(environment, programs):
    """Run commands one after the other in one process; return what they print."""

    def call(*commands):
        done = subprocess.run(
            [programs / "python", "-c", COMMANDS],
            input=json.dumps([[*map(str, words), "--json"] for words in commands]),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answers = []
        for line in done.stdout.splitlines():
            status, printed, output = json.loads(line)
            assert status == 0, output
            answers.append(json.loads(printed))
        return answers

    return call


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory):
    """What training and the verbs of the command printed, and the folders."""
    folder = tmp_path_factory.mktemp("plugin")
    there, report = ["--folder", folder / "tongues"], folder / "report.html"
    answers = run(
        ["systems"],
        ["train", "tongues", *there],
        ["train", "tongues", "--seed", "1", *there],
        ["evaluate", "tongues", "--report", report, *there],
        ["classify", TEXT, "--system", "tongues", *there],
        ["explain", TEXT, "--system", "tongues", *there],
        ["describe", "tongues", *there],
        ["systems", "rollback", "tongues", *there],
    )
    return folder, report, answers


def test_the_command_trains_evaluates_reports_and_answers(trained):
    folder, report, (listed, first, second, measured, named, why, card, back) = trained
    assert "tongues" in [each["name"] for each in listed["systems"]]
    assert (first["generation"], second["generation"]) == ("0001", "0002")
    assert first["data"] == "sayings"
    assert measured["metrics"] == second["metrics"]
    assert measured["metrics"]["accuracy"]["value"] > 0.6
    page = report.read_text("utf-8")
    assert "Tongues: which language this is" in page
    assert "Somebody has a text" in page
    assert [answer["label"] for answer in named["answers"]] == ["Spanish"]
    assert why["answer"]["label"] == "Spanish"
    assert len(why["reasons"]) == 3
    assert "English, German, Spanish" in " ".join(card["steps"]["Problem"])
    assert back == {"system": "tongues", "generation": "0001"}
    kept = {path.name for path in (folder / "tongues" / "0001").iterdir()}
    assert kept == {"system.json", "classes.npy", "means.npy", "pairs.npy"}


def test_it_is_served_asked_kept_and_rolled_back(trained, environment, servers):
    folder, _, answers = trained
    starting = servers([folder / "tongues"], folder)
    server = next(starting)(env=environment)

    def ask(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request(method, path, body and json.dumps(body))
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
        connection.close()
        assert status == 200, (path, text)
        return json.loads(text)

    [listed] = ask("GET", "/v1/systems")["systems"]
    assert (listed["name"], listed["generation"]) == ("tongues", "0001")
    assert listed["capabilities"] == ["classify", "explain"]
    example = listed["example"]
    [answer] = ask(example["method"], example["path"], example["body"])["answers"]
    assert answer["label"] == "English"
    found = ask("POST", "/v1/tongues/classify", {"texts": [TEXT, "das ist gut"]})
    assert [each["label"] for each in found["answers"]] == ["Spanish", "German"]
    told = ask("POST", "/v1/tongues/explain", {"text": TEXT})
    assert told["reasons"] == answers[5]["reasons"]
    quality = ask("GET", "/v1/tongues/quality")
    assert quality["metrics"].keys() == {"accuracy"}
    taken = ask("POST", "/v1/snapshots", {"name": "one"})
    assert taken["generations"] == {"tongues": "0001"}
    generations = "/v1/tongues/generations"
    ask("POST", f"{generations}/activate", {"name": "0002"})
    assert ask("GET", generations)["current"] == "0002"
    assert ask("POST", f"{generations}/rollback")["generation"] == "0001"
    ask("POST", f"{generations}/activate", {"name": "0002"})
    ask("POST", "/v1/snapshots/restore", {"name": "one"})
    assert ask("GET", generations)["current"] == "0001"
    document = ask("GET", "/openapi.json")
    assert "TongueAnswer" in document["components"]["schemas"]
    next(starting, None)


def test_it_keeps_the_contract_of_all_systems(environment):
    battery = ROOT / "tests" / "systems" / "test_contract.py"
    command = [sys.executable, "-m", "pytest", "-q", "-k", "tongues", str(battery)]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--no-header"],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
    assert int(done.stdout.split(" passed")[0].split()[-1]) > 15


def test_a_system_is_one_folder(site):
    """Nothing outside its folder knows of it, but the entry point of its package."""
    installed = {path.relative_to(site).parts[0] for path in site.rglob("*")}
    assert installed == {"tongues", "lookalike_tongues-1.0.dist-info"}
    for folder in ("src", "docs", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            if HERE not in path.parents:
                assert "tongues" not in path.read_text("utf-8"), path
    for path in ROOT.glob("*.toml"):
        assert "tongues" not in path.read_text("utf-8"), path
