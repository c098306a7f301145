"""The command: its answers, its JSON, its sentences and its exit statuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import lookalike
from lookalike import datasets
from lookalike.cli._common import columns
from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.datasets import CATALOGUE, load_digits_sample

ROOT = Path(__file__).parents[2]
METRICS = {
    "accuracy",
    "macro_f1",
    "precision_at_10",
    "accuracy_of_raw_pixels",
    "gain_over_raw_pixels",
}


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """Nobody's data, nobody's systems: only the test's own."""
    monkeypatch.delenv("LOOKALIKE_DATA", raising=False)
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


def run(*words, status=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def answer(*words):
    return json.loads(run(*words, "--json").stdout)


def sentence(*words):
    """What the user is told: one line, on stderr, status 2, nothing on stdout."""
    result = run(*words, status=2)
    assert result.stdout == ""
    said = [line for line in result.stderr.splitlines() if "Warning" not in line]
    assert len(said) == 1, result.stderr
    assert said[0].startswith("Error: ")
    return said[0]


@pytest.fixture(scope="session")
def own_data(tmp_path_factory):
    """An .npz of few digits, as a user would bring them."""
    sample = load_digits_sample()
    path = tmp_path_factory.mktemp("data") / "few.npz"
    np.savez(
        path,
        x_train=sample.x_train[::10],
        y_train=sample.y_train[::10],
        x_test=sample.x_test[::10],
        y_test=sample.y_test[::10],
    )
    return path


@pytest.fixture(scope="session")
def trained(own_data, tmp_path_factory):
    """A library with two generations."""
    folder = tmp_path_factory.mktemp("library")
    for seed in (0, 1):
        words = ["train", "digits", "--data", own_data, "--folder", folder]
        answer(*words, "--seed", seed)
    return folder


@pytest.fixture
def library(trained, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(trained, tmp_path / "library")


@pytest.fixture
def seven(tmp_path):
    """A photograph of a seven: dark ink, grey paper, another size."""
    sample = load_digits_sample()
    image = sample.x_test[sample.y_test == 7][0]
    big = np.kron(image, np.ones((4, 4), np.uint8))
    paper = (200 - big * 0.7).astype(np.uint8)
    path = tmp_path / "seven.png"
    Image.fromarray(np.pad(paper, 30, constant_values=200)).save(path)
    return path


# Train, evaluate


def test_train_prints_exactly_what_was_promised(own_data, tmp_path):
    words = ["train", "digits", "--data", own_data, "--folder", tmp_path / "lib"]
    found = answer(*words)
    assert set(found) == {"system", "generation", "data", "metrics", "seconds"}
    assert (found["system"], found["generation"]) == ("digits", "0001")
    assert found["data"] == "few"
    assert set(found["metrics"]) == METRICS
    for estimate in found["metrics"].values():
        assert set(estimate) == {"value", "low", "high"}
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert found["metrics"]["accuracy"]["value"] > 0.5
    assert answer(*words)["generation"] == "0002"


def test_evaluate_agrees_with_train(trained, own_data):
    words = ["evaluate", "digits", "--data", own_data, "--folder", trained]
    found = answer(*words)
    assert set(found) == {"system", "generation", "data", "metrics", "seconds"}
    about = json.loads((trained / "0002" / "system.json").read_text())
    assert found["generation"] == "0002"
    assert found["metrics"] == about["metrics"]


def test_evaluate_writes_a_report(trained, own_data, tmp_path):
    page = tmp_path / "deep" / "report.html"
    words = ["evaluate", "digits", "--data", own_data, "--folder", trained]
    result = run(*words, "--report", page)
    assert f"report: {page}" in result.stdout
    assert "against raw pixels: " in result.stdout
    assert page.read_text().startswith("<!doctype html>")


def test_without_mnist_train_takes_the_sample_and_says_so(tmp_path, monkeypatch):
    # The sample itself would take longer to learn than the sentence to appear.
    monkeypatch.setattr(datasets, "load_digits_sample", lambda: 1 / 0)
    result = run("train", "digits", "--folder", tmp_path, status=70)
    assert "mnist is not here" in result.stderr


# Classify, search, describe


def test_a_photographed_digit_is_recognised(trained, seven):
    found = answer("classify", seven, "--folder", trained)
    assert set(found) == {"system", "generation", "answers", "refused"}
    assert found["refused"] == []
    [each] = found["answers"]
    assert each["label"] == 7
    assert each["image"] == str(seven)
    assert each["probability"] == max(each["probabilities"].values())
    assert sum(each["probabilities"].values()) == pytest.approx(1)
    line = run("classify", seven, "--folder", trained).stdout.splitlines()[1]
    assert line.split()[:2] == [str(seven), "7"]


def test_a_folder_of_images_is_answered_image_by_image(trained, seven, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("b.png", "a.png", ".hidden"):
        shutil.copy(seven, folder / name)
    found = answer("classify", folder, seven, "--folder", trained)["answers"]
    names = [Path(each["image"]).name for each in found]
    assert names == ["a.png", "b.png", "seven.png"]
    assert len({json.dumps(each["probabilities"]) for each in found}) == 1


def test_one_bad_file_costs_no_other_its_answer(trained, seven, tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.png", "deeper/b.png"):
        shutil.copy(seven, folder / name)
    for name in ("Thumbs.db", "desktop.ini", "notes.txt"):
        (folder / name).write_text("no picture")
    words = ("classify", folder, "--folder", trained)
    found = answer(*words)
    assert (len(found["answers"]), found["refused"]) == (2, [])
    (folder / "c\nWarning: all is lost.png").write_text("no picture")
    Image.new("L", (28, 28), 255).save(folder / "blank.png")
    for verb in ("classify", "search"):
        result = run(verb, *words[1:], "--json", status=1)
        document = json.loads(result.stdout)
        names = [Path(each["image"]).name for each in document["answers"]]
        assert names == ["a.png", "b.png"]
        assert result.stderr.count("\n") == len(document["refused"]) == 2
        assert "blank.png: There is no digit" in document["refused"][0]
        assert r"c\nWarning: all is lost.png is not an" in document["refused"][1]
    assert "blank.png" in sentence("classify", folder / "blank.png", *words[2:])


def test_answers_of_a_folder_become_a_table(trained, seven, tmp_path):
    words = ["classify", seven, seven, "--csv", tmp_path / "t.csv", "--folder", trained]
    run(*words)
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == "image,label,probability,unlike_known"
    assert len(lines) == 3
    assert lines[1].split(",")[:2] == [str(seven), "7"]


def test_an_answer_is_explained_by_its_neighbours(trained, seven, tmp_path):
    page = tmp_path / "why.html"
    words = ["explain", seven, "--folder", trained]
    found = answer(*words)
    assert found["answer"]["label"] == 7
    assert len(found["reasons"]) == 10
    assert found["reasons"][0].startswith("votes: known image ")
    assert "a 7, at distance" in found["reasons"][0]
    run(*words, "--report", page)
    assert page.read_text().startswith("<!doctype html>")


def test_options_that_a_system_does_not_have_are_sentences(tmp_path):
    words = ["train", "digits", "--folder", tmp_path, "--set"]
    told = sentence(*words, "colour=red")
    assert "The options of digits are embedding, n_neighbors, random_state" in told
    assert "--set takes NAME=VALUE, each once; got 'colour'" in sentence(
        *words, "colour"
    )


def test_look_alikes_come_best_first(trained, seven):
    found = answer("search", seven, "--k", 4, "--folder", trained)
    [each] = found["answers"]
    scores = [hit["score"] for hit in each["hits"]]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert each["hits"][0]["label"] == 7
    lines = run("search", seven, "--k", 4, "--folder", trained).stdout.splitlines()
    assert lines[1].split() == ["rank", "id", "label", "score"]
    assert lines[2].split()[1] == str(each["hits"][0]["id"])


def test_describe_tells_the_card(trained):
    found = answer("describe", "digits", "--folder", trained)
    assert len(found["steps"]) == 9
    about = json.loads((trained / "0002" / "system.json").read_text())
    value = f"{about['metrics']['accuracy']['value']:.4f}"
    printed = run("describe", "digits", "--folder", trained).stdout
    assert value in printed
    assert "## 9. Scaling, monitoring, updates" in printed


def test_one_generation_can_be_named_instead_of_the_library(trained, seven):
    found = answer("classify", seven, "--folder", trained / "0001")
    assert found["generation"] == "0001"


def test_the_users_own_place_is_the_default(library, seven, tmp_path):
    home = Library("digits").folder
    home.parent.mkdir(parents=True)
    shutil.move(library, home)
    assert answer("classify", seven)["answers"][0]["label"] == 7


# Systems


def test_systems_are_listed_and_the_pointer_moves(library):
    [digits] = answer("systems", "--folder", library)["systems"]
    assert digits["current"] == "0002"
    assert [each["name"] for each in digits["generations"]] == ["0001", "0002"]
    assert answer("systems", "rollback", "digits", "--folder", library) == {
        "system": "digits",
        "generation": "0001",
    }
    lines = run("systems", "--folder", library).stdout.splitlines()
    assert lines[1].split()[:3] == ["digits", "0001", "yes"]
    words = ["systems", "activate", "digits", "0002", "--folder", library]
    assert "Generation 0002 of digits answers now" in run(*words).stdout


def test_without_a_generation_systems_says_none():
    rows = [line.split() for line in run("systems").stdout.splitlines()]
    assert ["digits", "none"] in rows


def test_a_damaged_generation_is_answered_by_the_one_before(library, seven):
    (library / "0002" / "vectors.npy").write_bytes(b"")
    result = run("classify", seven, "--folder", library, "--json")
    assert json.loads(result.stdout)["generation"] == "0001"
    assert "Warning: " in result.stderr
    assert "0002 is damaged: vectors.npy" in result.stderr
    assert "damaged" in run("systems", "--folder", library).stdout


# Data and doctor


def test_data_get_converts_what_its_publisher_ships_and_says_what_is_next(tmp_path):
    rows = "1,Half-Life,play,2.0,0\n1,Portal,play,9.5,0\n1,Portal,purchase,1,0\n"
    (tmp_path / "steam-200k.csv").write_text(rows)
    words = ["data", "get", "steam_play_hours", "--from", tmp_path / "steam-200k.csv"]
    lines = run(*words).stdout.splitlines()
    assert lines[0] == str(datasets.cache_folder() / "steam_play_hours.csv.gz")
    assert lines[1].startswith("steam-200k.csv: 2 plays of 2 games by 1 players")
    assert "`lookalike train games`, " in lines[-1]
    assert "`lookalike train shop --data steam_play_hours`" in lines[-1]
    found = answer(*words)
    assert found["as_published"] is False
    assert run("data", "path", "steam_play_hours").stdout == f"{lines[0]}\n"
    told = sentence("data", "get", "fer2013")
    assert "`lookalike data get fer2013 --from FILE`" in told
    assert "holds no .csv file" in sentence(
        "data", "get", "fer2013", "--from", ROOT / "deploy"
    )


def test_data_list_shows_every_known_data_set(tmp_path, monkeypatch):
    found = answer("data", "list")["data_sets"]
    assert [each["name"] for each in found] == list(CATALOGUE)
    assert {each["state"] for each in found} == {"not here"}
    assert all(each["licence"] and each["home"] for each in found)
    (tmp_path / "mnist.npz").write_bytes(b"broken")
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path))
    lines = run("data", "list").stdout.splitlines()
    assert lines[1].split()[:2] == ["mnist", "damaged"]


def test_data_path_and_get_know_what_is_here(tmp_path, monkeypatch):
    text = tmp_path / "tiny.txt"
    text.write_bytes(b"tiny")
    file = datasets.File("tiny.txt", 4, datasets.checksum(text), ("file:///none",))
    monkeypatch.setitem(
        CATALOGUE, "tiny", datasets.DataSet("tiny", "", "", "", (file,))
    )
    monkeypatch.setenv("LOOKALIKE_DATA", str(tmp_path))
    assert run("data", "path", "tiny").stdout == f"{text}\n"
    assert answer("data", "get", "tiny") == {"name": "tiny", "path": str(text)}
    text.write_bytes(b"other")
    cached = datasets.cache_folder() / "tiny.txt"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"tiny")
    assert answer("data", "get", "tiny") == {"name": "tiny", "path": str(cached)}


def test_data_get_downloads_and_checks(tmp_path, monkeypatch):
    class Home(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"tiny" if self.path == "/tiny.txt" else b"other")

        def log_message(self, *args):
            pass

    text = tmp_path / "tiny.txt"
    text.write_bytes(b"tiny")
    with ThreadingHTTPServer(("127.0.0.1", 0), Home) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        for name in ("tiny", "wrong"):
            url = f"http://127.0.0.1:{server.server_address[1]}/{name}.txt"
            file = datasets.File(f"{name}.txt", 4, datasets.checksum(text), (url,))
            entry = datasets.DataSet(name, "", "", "", (file,))
            monkeypatch.setitem(CATALOGUE, name, entry)
        assert Path(answer("data", "get", "tiny")["path"]).read_bytes() == b"tiny"
        assert "damaged or another file" in sentence("data", "get", "wrong")
        server.shutdown()
        thread.join()
    kept = [path.name for path in datasets.cache_folder().iterdir()]
    assert kept == ["tiny.txt"]


def test_doctor_examines_this_installation(monkeypatch):
    from lookalike.cli import doctor

    found = doctor.examine()
    assert (
        found["import_seconds"]["lookalike"]
        < found["import_seconds"]["lookalike.search"]
    )
    assert found["install_megabytes"] > found["bytecode_megabytes"] > 0
    assert {"numpy", "scipy", "numba", "typer"} <= set(found["versions"])
    assert "pytest" not in found["versions"]
    assert found["groups"]["test"] is True
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(found["extras"]) == set(project["optional-dependencies"]) - {"all"}
    assert found["data_sets"]["mnist"] is False
    # It takes seconds to measure: once is enough.
    monkeypatch.setattr(doctor, "examine", lambda report: found)
    assert answer("doctor") == found
    printed = run("doctor").stdout
    assert "MB (core)" in printed
    for name, extra in doctor.EXTRAS.items():
        [line] = [line for line in printed.splitlines() if line.startswith(f"{name} ")]
        assert line.endswith(extra.gives)
    extras = {name: name not in ("deep", "onnx") for name in found["extras"]}
    absent = {**found, "extras": extras}
    told = doctor._lines(absent)[-1]
    assert told == "pip install 'lookalike[deep,onnx]' installs the others"


def test_bench_runs_the_benchmark_that_was_named(monkeypatch):
    from lookalike_bench import neighbors

    rows = [{"job": "j", "method": "lookalike", "threads": 1, "seconds": 0.5}]
    machine = {"processor": "p", "cores": 2, "system": "s", "python": "3.11"}
    machine["versions"] = {"faiss-cpu": "1.9", "lookalike": "0.1"}
    bars = [{"bar": "speed", "value": 1.5, "needed": ">= 2", "holds": False}]
    result = {"machine": machine, "rows": rows, "bars": bars}

    def measure(only, rounds, progress):
        assert (only, rounds) == ("mnist", 2)
        progress("j", 0.5)
        return result

    monkeypatch.setattr(neighbors, "run", measure)
    words = ["bench", "neighbors", "--only", "mnist", "--rounds", 2]
    assert answer(*words) == result
    shown = run(*words).stdout
    assert "lookalike" in shown
    assert "speed    1.5  >= 2       no" in shown
    assert "python 3.11, faiss-cpu 1.9, lookalike 0.1" in shown
    assert "got 'nothing'" in sentence("bench", "nothing")


def test_bench_needs_a_checkout(monkeypatch, tmp_path):
    from lookalike.cli import bench

    installed = tmp_path / "env" / "lib" / "site-packages" / "lookalike" / "cli"
    monkeypatch.setattr(bench, "__file__", str(installed / "bench.py"))
    monkeypatch.chdir(tmp_path)
    assert "checkout of the repository" in sentence("bench", "neighbors")
    checkout = tmp_path / "benchmarks" / "lookalike_bench"
    checkout.mkdir(parents=True)
    assert bench.benchmarks() == checkout.parent


# A user's mistakes


def test_images_that_cannot_be_read_are_sentences(trained, tmp_path):
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (50, 50)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.png")
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (30, 30), 255).save(tmp_path / "blank.png")
    Image.new("1", (9000, 9000)).save(tmp_path / "huge.png")
    for name, said in {
        "text.png": "is not an image that can be read",
        "empty.png": "is empty (0 bytes)",
        "folder": "holds no images",
        "cut.png": "damaged or truncated",
        "blank.png": "no digit on the image",
        "huge.png": "too large; expected at most 64,000,000 pixels",
        "missing.png": "does not exist",
    }.items():
        for verb in ("classify", "search"):
            told = sentence(verb, tmp_path / name, "--folder", trained)
            assert said in told
            assert name in told


def test_colour_alpha_and_another_size_are_no_mistake(trained, seven, tmp_path):
    grey = Image.open(seven)
    ink = Image.fromarray(255 - np.asarray(grey))
    clear = Image.new("RGBA", grey.size, (10, 20, 120, 0))
    clear.putalpha(ink.point(lambda value: 0 if value < 80 else value))
    clear.save(tmp_path / "clear.png")
    grey.convert("RGB").resize((90, 200)).save(tmp_path / "colour.jpg")
    words = (tmp_path / "clear.png", tmp_path / "colour.jpg", "--folder", trained)
    assert [each["label"] for each in answer("classify", *words)["answers"]] == [7, 7]
    grey.close()


def test_data_that_cannot_be_learned_from_is_a_sentence(own_data, tmp_path):
    with np.load(own_data) as arrays:
        good = dict(arrays)
    bad = {
        "labels of another length": (
            {"y_train": good["y_train"][:3]},
            "400 images need as many labels, got 3",
        ),
        "not a number": (
            {"x_train": np.full((400, 28, 28), np.nan)},
            "must be finite, got NaN",
        ),
        "one class only": ({"y_train": np.full(400, 3)}, "at least two classes"),
        "no images": ({"x_train": np.zeros((0, 28, 28))}, "got shape (0, 28, 28)"),
        "another size": (
            {"x_test": np.zeros((100, 20, 20), np.uint8)},
            "must be 28 by 28 like the known ones, got 20 by 20",
        ),
    }
    for name, (change, said) in bad.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, **{**good, **change})
        library = tmp_path / "library"
        told = sentence("train", "digits", "--data", path, "--folder", library)
        assert said in told
        assert not library.exists() or not list(library.iterdir())


def test_files_that_are_no_data_are_sentences(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "objects.npz", x_train=np.array([print, 1]))
    for name, said in {
        "text.npz": "is not an .npz that can be read",
        "other.npz": "must hold x_train, y_train, x_test and y_test",
        "objects.npz": "is not an .npz that can be read",
        "missing.npz": "is not a file; expected an .npz",
        "nonsense": "The data of digits must be one of mnist",
    }.items():
        data = tmp_path / name if "." in name else name
        assert said in sentence("train", "digits", "--data", data)
    assert "Three ways to get it" in sentence("train", "digits", "--data", "mnist")


def test_generations_that_cannot_answer_are_sentences(library, seven, tmp_path):
    (tmp_path / "nothing").mkdir()
    told = sentence("classify", seven, "--folder", tmp_path / "nothing")
    assert "holds no system that can classify; `lookalike train SYSTEM`" in told
    assert "digits" in told
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "system.json").write_text('{"hello": "world"}')
    told = sentence("classify", seven, "--folder", foreign)
    assert "was not written by lookalike" in told
    for number in ("0001", "0002"):
        (library / number / "labels.npy").write_bytes(b"")
    assert "is damaged: labels.npy" in sentence("classify", seven, "--folder", library)
    told = sentence("systems", "rollback", "digits", "--folder", library)
    assert "0001 is damaged" in told


def test_options_out_of_range_are_sentences(trained, seven, own_data, tmp_path):
    folder = ("--folder", trained)
    assert "whole number of at least 1" in sentence("search", seven, "--k", 0, *folder)
    found = answer("search", seven, "--k", 401, *folder)["answers"]
    assert len(found[0]["hits"]) == 400
    assert "must be one of ads, attributes, digits" in sentence(
        "describe", "smells", *folder
    )
    words = ("train", "digits", "--data", own_data, "--folder", tmp_path)
    told = sentence(*words, "--neighbors", 0)
    assert "n_neighbors must be a whole number of at least 1, got 0" in told
    assert "embedding must be one of" in sentence(*words, "--embedding", "magic")
    told = sentence("systems", "activate", "digits", "0007", *folder)
    assert "0001, 0002; got '0007'" in told
    assert "got 'nope'" in sentence("data", "path", "nope")
    assert "cannot be downloaded for you" in sentence("data", "get", "fer2013")


def test_a_folder_that_cannot_be_written_is_a_sentence(own_data, tmp_path):
    (tmp_path / "file").touch()
    told = sentence(
        "train", "digits", "--data", own_data, "--folder", tmp_path / "file"
    )
    assert str(tmp_path / "file") in told


def test_an_unknown_word_is_a_sentence_and_status_2():
    result = run("recognise", status=2)
    assert "No such command 'recognise'" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Missing argument" in run("train", status=2).stderr
    assert "Name inputs, or the parts of one" in run("classify", status=2).stderr


def test_the_version_is_that_of_the_package():
    assert run("--version").stdout == f"lookalike {lookalike.__version__}\n"


def test_tables_are_as_wide_as_they_need_to_be_and_know_wide_letters():
    long = "x" * 300
    lines = columns([["name", "n", "what"], ["数字", "1", long], ["[b]", "22", ":tm:"]])
    assert lines == ["name  n   what", f"数字  1   {long}", "[b]   22  :tm:"]
    assert columns([["n"], [7], [10]]) == [" n", " 7", "10"]


def test_a_fault_of_ours_is_not_hidden(trained, seven, monkeypatch):
    monkeypatch.setenv("LOOKALIKE_DEBUG", "1")
    result = CliRunner().invoke(app, ["classify", "none.png"])
    assert isinstance(result.exception, ValueError)


# The real command


def command(*words, **options):
    program = Path(sys.executable).with_name("lookalike")
    return [str(program), *map(str, words)]


def test_the_installed_command_answers(trained, seven):
    done = subprocess.run(
        command("classify", seven, "--folder", trained, "--json"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["answers"][0]["label"] == 7
    assert done.stderr == ""


def test_the_installed_command_fails_in_one_sentence(tmp_path):
    done = subprocess.run(
        command("classify", tmp_path / "none.png", "--system", "digits"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    expected = f"Error: {tmp_path}/none.png does not exist; expected an image file.\n"
    assert done.stderr == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("lookalike tra", "train"), ("lookalike systems ro", "rollback")],
)
def test_the_shell_completes_verbs(typed, expected):
    asked = {
        "_LOOKALIKE_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(typed.count(" ")),
    }
    done = subprocess.run(
        command(), env=os.environ | asked, capture_output=True, text=True
    )
    assert done.stdout.split() == [expected]


def test_ctrl_c_while_the_command_is_imported_is_a_sentence():
    code = """if True:
        import sys
        class Stopped:
            def find_spec(self, name, *more):
                if name == "lookalike.cli.app":
                    raise KeyboardInterrupt
        sys.meta_path.insert(0, Stopped())
        from lookalike.cli import main
        main()"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "Stopped by Ctrl-C.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("delay", [1.5, 3.0])
def test_ctrl_c_during_training_leaves_nothing(tmp_path, delay):
    library = tmp_path / "library"
    words = command("train", "digits", "--data", "digits_sample", "--folder", library)
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests themselves run in the background, Ctrl-C may be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as training:
        time.sleep(delay)
        training.send_signal(signal.SIGINT)
        _, said = training.communicate(timeout=60)
    assert training.returncode == 130
    assert "Stopped by Ctrl-C; nothing was left half-written." in said
    assert "Traceback" not in said
    assert not library.exists() or not list(library.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_has_enough_is_no_error():
    listing = subprocess.Popen(
        command("data", "list"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    listing.stdout.close()
    with listing:
        assert b"Error" not in listing.stderr.read()


def test_the_command_itself_starts_light():
    code = (
        "import sys, lookalike.cli.app; "
        "heavy = {'numpy', 'sklearn', 'numba', 'scipy', 'matplotlib', 'torch', 'PIL'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# The demo


def test_the_demo_ends_with_its_three_paths(demonstrated):
    folder, printed = demonstrated
    last = dict(line.split(": ") for line in printed.splitlines()[-3:])
    assert list(last) == ["system", "metrics", "report"]
    assert all((folder / path).exists() for path in last.values())
    metrics = json.loads((folder / last["metrics"]).read_text())
    assert set(metrics) == {"system", "generation", "data", "metrics", "seconds"}
    assert metrics["data"] == "digits_sample"
    assert metrics["metrics"]["accuracy"]["low"] > 0.93
    page = (folder / last["report"]).read_text()
    assert len(page) < 1_000_000
    assert "http" not in page.replace("http-equiv", "")


def test_what_the_demo_leaves_can_be_asked(demonstrated):
    folder = demonstrated[0] / "runs" / "demo"
    found = answer("classify", folder / "unseen", "--folder", folder)["answers"]
    right = [each["label"] == digit for digit, each in enumerate(found)]
    assert sum(right) >= 8
    assert answer("evaluate", "digits", "--folder", folder)["data"] == "digits_sample"
