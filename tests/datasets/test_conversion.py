"""Publishers' own files, small ones in their forms, become data sets; others do not."""

import csv
import gzip
import io
import struct
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lookalike.datasets import CATALOGUE, convert, find, load_fer2013, load_orl_faces
from lookalike.datasets.editions import record_of
from lookalike.datasets.images import load_images
from lookalike.datasets.locate import checksum
from lookalike.datasets.members import members
from lookalike.datasets.plays import load_plays
from lookalike.datasets.published_faces import EMOTIONS, SIDE
from lookalike.datasets.ratings import load_movielens, load_ratings

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOKALIKE_DATA", raising=False)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))


def made(name, source):
    return convert(CATALOGUE[name], source)


def refused(name, source, tmp_path):
    with pytest.raises(ValueError) as told:
        made(name, source)
    left = [p for p in (tmp_path / "home").rglob("*") if p.is_file()]
    assert left == []
    assert "\n" not in str(told.value)
    return str(told.value)


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


# FER-2013


def faces_csv(rows, header=("emotion", "pixels", "Usage")):
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerows([header, *rows])
    return text.getvalue()


def face_rows():
    parts = ["Training"] * 8 + ["PublicTest"] * 3 + ["PrivateTest"] * 4
    images = RNG.integers(0, 256, (len(parts), SIDE * SIDE))
    return [
        (n % 7, " ".join(map(str, pixels)), part)
        for n, (pixels, part) in enumerate(zip(images, parts, strict=True))
    ]


def test_faces_of_a_csv_are_taken_with_what_is_not_as_published(tmp_path):
    rows = face_rows()
    (tmp_path / "fer2013.csv").write_text(faces_csv(rows))
    found = made("fer2013", tmp_path / "fer2013.csv")
    assert "15 faces of 48 by 48: 8 for training, 3 for validation" in found.found[0]
    assert "angry 3, disgust 2, fear 2, happy 2, neutral 2, sad 2" in found.found[1]
    assert "expected 28,709, 3,589 and 3,589" in found.found[2]
    assert not found.is_known
    faces = load_fer2013()
    assert [faces.classes[n] for n in faces.y_train] == [
        EMOTIONS[n % 7] for n in range(8)
    ]
    first = [int(n) for n in rows[0][1].split()]
    assert faces.x_train[0].ravel().tolist() == first
    assert len(faces.x_validation) == 3
    assert (
        faces.checksum == checksum(found.path) != CATALOGUE["fer2013"].files[0].sha256
    )


def test_a_converted_file_that_is_damaged_later_is_refused(tmp_path):
    (tmp_path / "fer2013.csv").write_text(faces_csv(face_rows()))
    path = made("fer2013", tmp_path / "fer2013.csv").path
    assert find("fer2013") == path
    with np.load(path) as arrays:
        changed = dict(arrays)
    changed["y_train"] = changed["y_train"][::-1]
    np.savez(path, **changed)
    with pytest.raises(ValueError, match="damaged or another file"):
        find("fer2013")


@pytest.mark.parametrize("packed", ["zip", "tar.gz"])
def test_faces_come_in_archives_and_with_other_columns_too(packed, tmp_path):
    rows = [(e, u, p) for e, p, u in face_rows()]
    text = faces_csv(rows, ("emotion", " Usage", " pixels")).encode()
    source = tmp_path / f"challenge.{packed}"
    if packed == "zip":
        zipped(source, {"icml_face_data.csv": text, "train.csv": "emotion,pixels\n"})
    else:
        with tarfile.open(source, "w:gz") as archive:
            info = tarfile.TarInfo("fer2013/fer2013.csv")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    made("fer2013", source)
    assert len(load_fer2013().x_test) == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"row": (9, None, None)}, "row 2: expected an emotion 0 to 6, got '9'"),
        ({"row": (None, "1 2 3", None)}, "row 2: expected 2,304 pixels, got 3"),
        ({"row": (None, " ".join(["256"] * SIDE**2), None)}, "pixels from 0 to 255"),
        ({"row": (None, " ".join(["x"] * SIDE**2), None)}, "pixels from 0 to 255"),
        ({"row": (None, None, "Test")}, "got 'Test'"),
        ({"header": ("emotion", "pixels", "part")}, "lacks the columns usage"),
        ({"only": "Training"}, "0 PrivateTest rows"),
    ],
)
def test_faces_that_are_none_are_refused_by_row(change, said, tmp_path):
    rows = face_rows()
    if "row" in change:
        pairs = zip(rows[0], change["row"], strict=True)
        rows[0] = tuple(old if new is None else new for old, new in pairs)
    rows = [row for row in rows if row[2] == change.get("only", row[2])]
    header = change.get("header", ("emotion", "pixels", "Usage"))
    (tmp_path / "fer2013.csv").write_text(faces_csv(rows, header))
    assert said in refused("fer2013", tmp_path / "fer2013.csv", tmp_path)


# ORL


def pgm(shape=(112, 92)):
    out = io.BytesIO()
    Image.fromarray(RNG.integers(0, 255, shape).astype(np.uint8)).save(out, "PPM")
    return out.getvalue()


def test_orl_faces_come_in_the_order_of_people_and_pictures(tmp_path):
    files = {f"att/s{p}/{n}.pgm": pgm() for p in (1, 2, 10) for n in (1, 2, 10)}
    files |= {"att/README": "faces", "att/s2/3.pgm": b"P5 none"}
    files["att/s10/3.pgm"] = pgm((50, 40))
    found = made("orl_faces", zipped(tmp_path / "att_faces.zip", files))
    told = "\n".join(found.found)
    assert "9 faces of 3 people, 3 to 3 each" in told
    assert "expected 10 faces each of 40 people" in told
    assert "Left out: att/s2/3.pgm is no picture" in told
    assert "att/s10/3.pgm has 50 by 40 pixels; expected 112 by 92" in told
    people = load_orl_faces()
    assert people.people.tolist() == [1, 1, 1, 2, 2, 2, 10, 10, 10]
    with Image.open(io.BytesIO(files["att/s1/10.pgm"])) as picture:
        np.testing.assert_array_equal(people.images[2], np.asarray(picture))


def test_a_folder_of_orl_faces_is_read_alike(tmp_path):
    files = {f"s{p}/{n}.pgm": pgm() for p in (1, 2) for n in (1, 2)}
    by_zip = made("orl_faces", zipped(tmp_path / "att.zip", files))
    digest = checksum(by_zip.path)
    for name, content in files.items():
        path = tmp_path / "att" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert checksum(made("orl_faces", tmp_path / "att").path) == digest


def test_a_folder_without_faces_is_refused(tmp_path):
    source = zipped(tmp_path / "x.zip", {"s1/1.pgm": pgm(), "s1/2.pgm": pgm()})
    assert "faces of 1 people; expected a folder a person" in refused(
        "orl_faces", source, tmp_path
    )


# MovieLens

MOVIES = (
    "movieId,title,genres\n"
    "1,Toy Story (1995),Adventure|Animation\n"
    '2,"American President, The (1995)",Comedy\n'
    "3,Babylon 5,(no genres listed)\n"
)


def ratings_csv(movies=(1, 2, 3), n=12):
    lines = [f"{u},{m},{0.5 * (1 + (u + m) % 10)},{964982703 + 9 * u + m}"
             for u in range(1, n) for m in movies]  # fmt: skip
    return "userId,movieId,rating,timestamp\n" + "\n".join(lines) + "\n"


def test_ratings_of_the_small_movielens_take_its_place(tmp_path):
    files = {"movies.csv": MOVIES, "ratings.csv": ratings_csv(), "links.csv": "movieId"}
    inside = {f"ml-latest-small/{name}": text for name, text in files.items()}
    found = made("movielens_small", zipped(tmp_path / "ml-latest-small.zip", inside))
    assert "33 ratings from 0.5 to 5 of 3 films by 11 people" in found.found[0]
    assert "of those rated 2 have a year" in found.found[1]
    data = load_movielens()
    assert data.titles.tolist() == ["Toy Story", "American President, The", "Babylon 5"]
    assert data.years[:2].tolist() == [1995, 1995]
    assert np.isnan(data.years[2])
    assert data.genres.tolist() == ["Adventure|Animation", "Comedy", ""]


@pytest.mark.parametrize("edition", ["ml-25m", "ml-32m", "ml-latest"])
def test_a_larger_movielens_is_a_data_set_of_its_own(edition, tmp_path):
    files = {"movies.csv": MOVIES, "ratings.csv": ratings_csv((1, 2, 77))}
    folder = tmp_path / edition
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    found = made("movielens_small", folder)
    assert found.path.name == f"{edition}.csv.gz"
    assert not found.is_found
    assert any("11 ratings of films not in movies.csv" in each for each in found.found)
    with pytest.raises(FileNotFoundError):
        find("movielens_small")
    assert load_ratings(found.path).titles.tolist()[-1] == "77"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"movies.csv": MOVIES}, "holds no ratings.csv"),
        ({"ratings.csv": ratings_csv()}, "no movies.csv beside it"),
        ({"ratings.csv": "a,b\n", "movies.csv": MOVIES}, "lacks the columns userId"),
        (
            {"ratings.csv": ratings_csv() + "1,2,11,0\n", "movies.csv": MOVIES},
            "row 35: expected a rating from 0 to 10",
        ),
        (
            {"ratings.csv": ratings_csv() + "1,2\n", "movies.csv": MOVIES},
            "row 35: expected 4 cells, got 2",
        ),
        ({"ratings.csv": ratings_csv(n=1), "movies.csv": MOVIES}, "no rows"),
    ],
)
def test_what_is_no_movielens_is_refused(files, said, tmp_path):
    source = zipped(tmp_path / "ml.zip", files)
    assert said in refused("movielens_small", source, tmp_path)


# Steam


def test_plays_of_steam_leave_purchases_out(tmp_path):
    rows = [
        ("151603712", "The Elder Scrolls V Skyrim", "purchase", "1.0", "0"),
        ("151603712", "The Elder Scrolls V Skyrim", "play", "273.0", "0"),
        ("1", "Sir, You Are Being Hunted", "play", "0.8", "0"),
    ]
    with (tmp_path / "steam-200k.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    found = made("steam_play_hours", tmp_path / "steam-200k.csv")
    assert "2 plays of 2 games by 2 players; 1 purchases are left out" in found.found[0]
    data = load_plays(found.path)
    assert data.value.tolist() == [273.0, 0.8]
    assert find("steam_play_hours") == found.path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,Half-Life,played,1,0\n", "row 1: expected a player, a game, purchase"),
        ("1,Half-Life,play,long,0\n", "got '1,Half-Life,play,long,0'"),
        ("1,Half-Life,purchase,1,0\n", "has no rows of plays"),
    ],
)
def test_what_is_no_behaviour_is_refused_by_row(text, said, tmp_path):
    (tmp_path / "steam-200k.csv").write_text(text)
    assert said in refused("steam_play_hours", tmp_path / "steam-200k.csv", tmp_path)


# MNIST and Fashion-MNIST


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A folder in MNIST's form, whose contents the catalogue knows as its own."""
    arrays = {}
    for part, n in (("train", 6), ("test", 4)):
        images = RNG.integers(0, 256, (n, 28, 28)).astype(np.uint8)
        arrays |= {f"x_{part}": images, f"y_{part}": np.arange(n).astype(np.uint8)}
    np.savez(tmp_path / "right.npz", **arrays)
    entry = CATALOGUE["mnist"]
    file = replace(entry.files[0], sha256=checksum(tmp_path / "right.npz"))
    monkeypatch.setitem(CATALOGUE, "mnist", replace(entry, files=(file,)))
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, (what, kind) in {
        "train-images-idx3-ubyte.gz": ("x_train", gzip.compress),
        "train-labels.idx1-ubyte": ("y_train", bytes),
        "t10k-images-idx3-ubyte.gz": ("x_test", gzip.compress),
        "t10k-labels-idx1-ubyte": ("y_test", bytes),
    }.items():
        (folder / name).write_bytes(kind(idx(arrays[what])))
    return folder


def test_idx_files_become_mnist_packed_or_not(small_mnist):
    found = made("mnist", small_mnist)
    assert found.is_known
    assert found.found[0] == "6 training images of 28 by 28, 6 classes."
    assert find("mnist") == found.path
    assert not record_of(found.path).exists()
    assert load_images(found.path).x_test.shape == (4, 28, 28)


def test_the_digits_are_not_taken_for_the_clothes(small_mnist, tmp_path):
    assert "holds mnist, not fashion_mnist" in refused(
        "fashion_mnist", small_mnist, tmp_path
    )
    (small_mnist / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(3, dtype="u1")))
    assert "a label each, got (4, 28, 28) and (3,)" in refused(
        "mnist", small_mnist, tmp_path
    )
    (small_mnist / "t10k-labels-idx1-ubyte").unlink()
    assert "lacks t10k-labels-idx1-ubyte" in refused("mnist", small_mnist, tmp_path)


# Sets that are published as the catalogue has them


@pytest.fixture
def small_texts(tmp_path, monkeypatch):
    """WNUT-17's three files, small, whose contents the catalogue knows."""
    entry, files = CATALOGUE["wnut17"], []
    for n, file in enumerate(entry.files):
        plain = tmp_path / f"text{n}"
        plain.write_text(f"word{n}\tO\n")
        files.append(replace(file, sha256=checksum(plain)))
    monkeypatch.setitem(CATALOGUE, "wnut17", replace(entry, files=tuple(files)))
    return [f"word{n}\tO\n" for n in range(3)]


def test_files_are_found_by_their_names_and_checked(small_texts, tmp_path):
    names = ["wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"]
    inside = {f"wnut-master/{n}": t for n, t in zip(names, small_texts, strict=True)}
    found = made("wnut17", zipped(tmp_path / "master.zip", inside))
    assert len(found.found) == 3
    assert (
        gzip.decompress((found.path / f"{names[0]}.gz").read_bytes()) == b"word0\tO\n"
    )
    assert find("wnut17") == found.path


def test_another_file_of_the_name_is_refused_and_nothing_stays(small_texts, tmp_path):
    names = ["wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"]
    files = dict(zip(names, [*small_texts[:2], "other\tO\n"], strict=True))
    source = zipped(tmp_path / "master.zip", files)
    assert "emerging.test.annotated in" in refused("wnut17", source, tmp_path)
    del files["emerging.test.annotated"]
    source = zipped(tmp_path / "master.zip", files)
    assert "holds no emerging.test.annotated" in refused("wnut17", source, tmp_path)


def test_sources_that_are_none_are_sentences(tmp_path):
    (tmp_path / "empty").mkdir()
    whole = zipped(tmp_path / "cut.zip", {"fer2013.csv": faces_csv(face_rows())})
    whole.write_bytes(whole.read_bytes()[:-30])
    (tmp_path / "fer2013.csv").write_bytes(b"\xff\xfe\x00binary")
    for name, said in {
        "missing.zip": "does not exist",
        "empty": "holds no files",
        "cut.zip": "cut.zip",
        "fer2013.csv": "no text in UTF-8",
    }.items():
        assert said in refused("fer2013", tmp_path / name, tmp_path)


def test_what_a_source_holds_is_named_with_the_shortest_path_first(tmp_path):
    files = {"a/b/x.csv": "", "x.csv.gz": "", "a/xx.csv": "", "__MACOSX/x.csv": ""}
    with members(zipped(tmp_path / "x.zip", files)) as found:
        assert found.named("x.csv") == ["x.csv.gz", "a/b/x.csv"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_set_says_how_to_get_it(name):
    entry = CATALOGUE[name]
    with pytest.raises(FileNotFoundError) as told:
        find(name)
    assert f"`lookalike data get {name}" in str(told.value)
    assert entry.form
    assert entry.can_be_downloaded or f"{name} --from FILE`" in str(told.value)
