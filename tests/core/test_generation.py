"""Generations: complete or absent, checked file by file, and one pointer to them."""

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lookalike._files import canonical
from lookalike.core.generation import Damaged, load, save
from lookalike.core.library import Library, library_folder

ARRAYS = {
    "vectors": np.arange(12, dtype=np.float32).reshape(4, 3),
    "labels": np.array([3, 1, 4, 1]),
    "nothing": np.zeros((0, 3)),
}
ABOUT = {"configuration": {"n_neighbors": 3}, "metrics": {"accuracy": 0.98}}


@pytest.fixture
def saved(tmp_path):
    return save(tmp_path / "library" / "0001", "toy", ARRAYS, ABOUT)


def rewrite(folder, **changes):
    """Change system.json and give it a checksum that fits, as a stranger could."""
    path = folder / "system.json"
    document = {**json.loads(path.read_bytes()), **changes}
    document.pop("checksum")
    path.write_bytes(canonical(document))


def unfinished(folder):
    return [path for path in folder.rglob("*") if ".unfinished" in path.name]


# Saved and loaded


def test_what_was_saved_is_loaded_and_mapped(saved):
    found = load(saved, "toy")
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert isinstance(found.arrays["vectors"].base, np.memmap)
    assert not found.arrays["vectors"].flags.writeable
    assert found.about["configuration"] == {"n_neighbors": 3}


def test_system_json_names_version_and_every_file_with_its_checksum(saved):
    about = json.loads((saved / "system.json").read_text())
    assert about["name"] == "toy"
    assert about["format"] == 2
    assert about["version"].count(".") == 2
    assert set(about["files"]) == {f"{name}.npy" for name in ARRAYS}
    for name, digest in about["files"].items():
        assert hashlib.sha256((saved / name).read_bytes()).hexdigest() == digest


def test_a_generation_is_never_overwritten(saved):
    with pytest.raises(ValueError, match="exists already"):
        save(saved, "toy", {}, {})
    assert load(saved, "toy").about["metrics"] == {"accuracy": 0.98}


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("what", [KeyboardInterrupt, OSError])
def test_whatever_stops_a_save_leaves_nothing(tmp_path, monkeypatch, step, what):
    steps = []

    def stop_at(real):
        def stopping(*args, **options):
            steps.append(real)
            if len(steps) == step + 1:
                raise what("stopped")
            return real(*args, **options)

        return stopping

    monkeypatch.setattr(os, "fsync", stop_at(os.fsync))
    target = tmp_path / "0001"
    with pytest.raises(what):
        save(target, "toy", ARRAYS, ABOUT)
    assert len(steps) == step + 1
    assert list(tmp_path.iterdir()) == []


def test_python_objects_are_not_saved(tmp_path):
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        save(tmp_path / "0001", "toy", {"a": np.array([print])}, {})
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_json_number_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        save(tmp_path / "0001", "toy", {}, {"accuracy": float("nan")})
    assert list(tmp_path.iterdir()) == []


WRITER = """
import numpy as np, sys
from lookalike.core.generation import save
from lookalike.core.library import Library
library = Library("toy", sys.argv[1])
arrays = {f"a{i}": np.full(2_000, float(i)) for i in range(20)}
print("ready", flush=True)
for _ in range(1_000):  # 300 MB at the very most
    library.add(lambda path: save(path, "toy", arrays, {}))
"""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_writer_leaves_whole_generations(tmp_path, how):
    number = getattr(signal, how)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Where the tests themselves run in the background, Ctrl-C may be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as writer:
        writer.stdout.readline()
        time.sleep(0.3)
        writer.send_signal(number)
    library = Library("toy", tmp_path)
    for name in library.names():
        load(tmp_path / name, "toy")
    if library.names():
        assert library.open()[1] is None
    if how == "SIGINT":
        assert not unfinished(tmp_path)


def test_what_a_killed_process_left_is_swept_a_day_later(tmp_path):
    for name, age in (("old", 2 * 24 * 3600), ("new", 60)):
        folder = tmp_path / f".unfinished-{name}"
        folder.mkdir()
        (folder / "part.npy").touch()
        past = time.time() - age
        os.utime(folder, (past, past))
    save(tmp_path / "0001", "toy", {}, {})
    assert [path.name for path in unfinished(tmp_path)] == [".unfinished-new"]


# Damaged, foreign, newer


def test_every_flipped_bit_and_every_cut_is_noticed(saved):
    rng = np.random.default_rng(0)
    for path in sorted(saved.iterdir()):
        whole = path.read_bytes()
        for place in rng.integers(len(whole), size=100):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << rng.integers(8)
            path.write_bytes(damaged)
            with pytest.raises(Damaged, match=r"is damaged|was not written by look"):
                load(saved, "toy")
            path.write_bytes(whole[:place])
            with pytest.raises(Damaged, match="is damaged"):
                load(saved, "toy")
        path.write_bytes(whole)
    load(saved, "toy")


def test_a_missing_file_is_noticed(saved):
    (saved / "labels.npy").unlink()
    with pytest.raises(Damaged, match=r"labels\.npy is not the file that was written"):
        load(saved, "toy")


@pytest.mark.parametrize("what", ["empty folder", "no folder", "file"])
def test_what_is_no_generation_is_refused(tmp_path, what):
    path = tmp_path / "x"
    if what == "empty folder":
        path.mkdir()
    elif what == "file":
        path.touch()
    with pytest.raises(ValueError, match=r"there is no system\.json in it"):
        load(path, "toy")


@pytest.mark.parametrize(
    "contents", [b"[]", b"{}", b'{"format": "x"}', b'"a"', b'{"format": 2}']
)
def test_a_strangers_json_is_refused(tmp_path, contents):
    (tmp_path / "system.json").write_bytes(contents)
    with pytest.raises(ValueError, match=r"not written by lookalike|is damaged"):
        load(tmp_path, "toy")


@pytest.mark.parametrize("contents", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_json_that_cannot_be_read_is_damage(tmp_path, contents):
    (tmp_path / "system.json").write_bytes(contents)
    with pytest.raises(Damaged, match=r"system\.json cannot be read"):
        load(tmp_path, "toy")


def test_a_newer_format_is_refused_by_name(saved):
    rewrite(saved, format=3, version="7.1.0")
    with pytest.raises(ValueError, match=r"format 3 by lookalike 7\.1\.0.*reads form"):
        load(saved, "toy")


def test_another_system_is_refused(saved):
    with pytest.raises(ValueError, match=r"holds the system 'toy'; expected 'faces'"):
        load(saved, "faces")


@pytest.mark.parametrize(
    "files", [{"../out.npy": "0"}, {"/etc/hosts": "0"}, {"a/b.npy": ""}, [], None, 3]
)
def test_names_that_lead_out_of_the_folder_are_refused(saved, files):
    rewrite(saved, files=files)
    with pytest.raises(ValueError, match="not written by lookalike"):
        load(saved, "toy")


class Canary:
    """Leaves a file behind where somebody unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_nothing_of_a_stranger_is_unpickled(saved, tmp_path):
    canary = tmp_path / "canary"
    for contents in ("pickle", "npy of objects"):
        path = saved / "vectors.npy"
        with path.open("wb") as stream:
            if contents == "pickle":
                pickle.dump(Canary(canary), stream)
            else:
                np.save(stream, np.array([Canary(canary)]), allow_pickle=True)
        files = json.loads((saved / "system.json").read_bytes())["files"]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        rewrite(saved, files={**files, "vectors.npy": digest})
        with pytest.raises(ValueError):
            load(saved, "toy")
        assert not canary.exists()


# The library


@pytest.fixture
def library(tmp_path):
    library = Library("toy", tmp_path / "library")
    for value in range(3):
        arrays = {"a": np.array([value])}
        library.add(lambda path, arrays=arrays: save(path, "toy", arrays, {}))
    return library


def answer(library):
    return int(library.open()[0].arrays["a"][0])


def test_the_newest_generation_answers(library):
    assert library.names() == ["0001", "0002", "0003"]
    assert library.current() == "0003"
    assert answer(library) == 2


def test_rollback_and_activate_move_the_pointer(library):
    assert library.rollback() == "0002"
    assert answer(library) == 1
    assert library.rollback() == "0001"
    with pytest.raises(ValueError, match="no generation to roll back to"):
        library.rollback()
    assert library.activate("0003") == "0003"
    assert answer(library) == 2
    library.rollback()
    assert library.add(lambda path: save(path, "toy", {}, {})) == "0004"


def test_a_damaged_generation_is_answered_by_the_one_before(library):
    (library.folder / "0003" / "a.npy").write_bytes(b"")
    found, complaint = library.open()
    assert found.folder.name == "0002"
    assert "0003 is damaged" in complaint
    assert "Generation 0002 answers instead" in complaint
    (library.folder / "0002" / "system.json").unlink()
    assert library.open()[0].folder.name == "0001"
    (library.folder / "0001" / "a.npy").unlink()
    with pytest.raises(Damaged, match="No earlier generation is whole"):
        library.open()


def test_a_damaged_generation_is_not_activated(library):
    (library.folder / "0001" / "a.npy").write_bytes(b"")
    with pytest.raises(Damaged):
        library.activate("0001")
    assert library.current() == "0003"
    assert not unfinished(library.folder)


def test_a_pointer_that_cannot_move_stays_and_leaves_nothing(library, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        library.activate("0001")
    assert library.current() == "0003"
    assert not unfinished(library.folder)


def test_a_folder_that_cannot_hold_generations_is_refused_before(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(ValueError, match="cannot hold generations"):
            Library("toy", folder).check_writable()
    Library("toy", tmp_path / "new" / "deeper").check_writable()
    assert not (tmp_path / "new").exists()


def test_an_unknown_generation_is_not_activated(library):
    with pytest.raises(ValueError, match=r"0001, 0002, 0003; got '0009'"):
        library.activate("0009")


def test_a_damaged_pointer_is_a_sentence(library):
    (library.folder / "current").write_bytes(b"\xff../../etc")
    with pytest.raises(Damaged, match="names no generation"):
        library.open()
    assert library.activate("0002") == "0002"
    assert answer(library) == 1


def test_without_a_pointer_the_newest_answers(library):
    (library.folder / "current").unlink()
    assert answer(library) == 2


def test_an_empty_library_says_how_to_fill_it(tmp_path):
    with pytest.raises(ValueError, match="`lookalike train toy` makes one"):
        Library("toy", tmp_path / "none").open()


def test_a_generation_that_failed_is_no_generation(library):
    def fails(path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.add(fails)
    assert library.current() == "0003"
    assert library.names() == ["0001", "0002", "0003"]


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG convention")
def test_the_users_own_place_follows_the_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert library_folder("toy") == tmp_path / "lookalike" / "toy"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = tmp_path / ".local" / "share" / "lookalike" / "toy"
    assert Library("toy").folder == expected
