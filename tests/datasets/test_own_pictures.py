"""Pictures of one's own: what is found, left out and told, and how they are split."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.datasets import load_images, load_own_digits, load_pictures
from lookalike.datasets.picture_files import few, find_pictures, is_picture_data
from lookalike.datasets.splits import folds_of, hold_out
from lookalike.datasets.textures import load_own_textures

CLASSES = ("cat", "dog")


def picture(rng, side=40):
    """Coarse noise: no two of them are near copies."""
    cells = rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)
    return Image.fromarray(cells).resize((side, side + 8), Image.Resampling.NEAREST)


def fill(folder, classes=CLASSES, n=8, endings=("png", "webp", "bmp", "tiff"), seed=0):
    rng = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(n):
            picture(rng).save(folder / name / f"{i}.{endings[i % len(endings)]}")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("own") / "pictures")


def spoil(folder):
    """Add what must not stop anything."""
    (folder / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "cat" / "empty.png").touch()
    (folder / "cat" / "Thumbs.db").write_bytes(b"thumbs")
    (folder / "cat" / ".hidden.png").write_bytes(b"hidden")
    (folder / "notes.txt").write_text("notes")
    picture(np.random.default_rng(9)).save(folder / "stray.png")


def test_class_folders_are_read_and_a_quarter_of_each_is_held_out(folder):
    found = load_pictures(folder)
    assert found.classes == CLASSES
    assert [int((found.labels == name).sum()) for name in CLASSES] == [8, 8]
    for name in CLASSES:
        assert found.is_test[found.labels == name].sum() == 2
    assert found.problems == ()
    assert found.sizes.tolist() == [[48, 40]] * 16
    assert [each.shape for each in found.pictures] == [(48, 40, 3)] * 16
    assert [file.parent.name for file in found.files] == found.labels.tolist()


def test_what_is_no_picture_is_told_and_left_out(tmp_path):
    folder = fill(tmp_path / "p")
    spoil(folder)
    found = load_pictures(folder)
    assert len(found.files) == 16
    stray, broken, empty = found.problems
    assert "stray.png lies in no folder of a class" in stray
    assert "broken.jpg is a damaged or truncated image" in broken
    assert "empty.png is empty (0 bytes)" in empty


def test_of_many_problems_a_few_are_told_and_the_others_counted(tmp_path):
    folder = fill(tmp_path / "p")
    for i in range(30):
        (folder / "dog" / f"x{i}.jpg").touch()
    found = load_pictures(folder)
    assert len(found.problems) == 6
    assert found.problems[-1] == "The same or the like of 25 more."
    assert few(["a.", "b."], 2) == ("a.", "b.")


def test_near_copies_lie_on_one_side_of_the_split(tmp_path):
    folder = fill(tmp_path / "p", n=10, endings=("png",))
    for name in CLASSES:
        for i in range(10):
            with Image.open(folder / name / f"{i}.png") as image:
                image.save(folder / name / f"{i}-again.jpg", quality=95, subsampling=0)
    found = load_pictures(folder)
    assert len(np.unique(found.groups)) == 20
    for group in np.unique(found.groups):
        assert len(set(found.is_test[found.groups == group].tolist())) == 1
    assert 0 < found.is_test.sum() < 20


def test_copies_in_two_classes_are_told_and_never_tested_on(tmp_path):
    folder = fill(tmp_path / "p", endings=("png",))
    (folder / "dog" / "cat-0.png").write_bytes((folder / "cat" / "0.png").read_bytes())
    found = load_pictures(folder)
    [said] = found.problems
    assert "cat-0.png looks like" in said
    assert "another class" in said
    alike = [file.name in ("cat-0.png",) for file in found.files]
    assert not found.is_test[np.flatnonzero(alike)].any()


def test_a_flat_folder_has_no_labels(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(8):
        picture(rng).save(tmp_path / f"{i}.png")
    found = load_pictures(tmp_path)
    assert set(found.labels) == {""}
    assert load_pictures(tmp_path, named="file").labels.tolist() == list("01234567")
    with pytest.raises(ValueError, match=r"two classes at least, got no folder\."):
        found.check_classes()


def test_folders_of_parts_are_the_split_and_copies_of_test_pictures_go(tmp_path):
    fill(tmp_path / "train", n=5, endings=("png",))
    fill(tmp_path / "Test", n=3, seed=1)
    copied = (tmp_path / "Test" / "cat" / "0.png").read_bytes()
    (tmp_path / "train" / "cat" / "copy.png").write_bytes(copied)
    found = load_pictures(tmp_path)
    assert found.classes == CLASSES
    tested = ["Test" in file.parts for file in found.files]
    assert found.is_test.tolist() == tested
    assert (found.is_test.sum(), found.is_train.sum()) == (6, 10)
    assert found.problems[-1].startswith("1 picture is a near copy of test pictures")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_manifest_names_paths_labels_and_splits(tmp_path, folder, mark):
    rows = [("Filename", "Class", "split")]
    for name in CLASSES:
        rows += [
            (folder / name / f"{i}.{e}", name, s)
            for i, e, s in (
                (0, "png", "train"),
                (1, "webp", ""),
                (2, "bmp", "val"),
                (3, "tiff", "TEST"),
            )
        ]
    rows += [
        ("nowhere.png", "cat", "train"),
        (folder / "cat" / "4.png", "cat", "half"),
        ("", "cat", ""),
    ]
    text = "\n".join(mark.join(map(str, row)) for row in rows)
    manifest = tmp_path / "pictures.csv"
    manifest.write_text("\ufeff" + text, "utf-8")
    found = load_pictures(manifest)
    assert found.labels.tolist() == ["cat"] * 4 + ["dog"] * 4
    assert found.is_test.tolist() == [False, False, False, True] * 2
    assert found.is_validation.tolist() == [False, False, True, False] * 2
    gone, half, nothing = found.problems
    assert "line 10: " in gone
    assert "nowhere.png is not there" in gone
    assert "line 11: the split must be train, validation or test, got half" in half
    assert "expected a path and a label" in nothing


def test_paths_of_a_manifest_begin_at_its_folder(tmp_path):
    fill(tmp_path / "a", n=2, endings=("png",))
    (tmp_path / "m.csv").write_text("path,label\na/cat/0.png,x\na/dog/1.png,y\n")
    assert load_pictures(tmp_path / "m.csv").labels.tolist() == ["x", "y"]


def test_what_is_no_picture_data_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "log.csv").write_text("customer,sku\na,b\n")
    assert not is_picture_data(tmp_path / "log.csv")
    for path in (tmp_path / "log.csv", tmp_path / "nowhere"):
        with pytest.raises(ValueError, match="must be a folder of pictures, or a CSV"):
            find_pictures(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"The folder .*empty holds no images\."):
        find_pictures(tmp_path / "empty")
    (tmp_path / "empty" / "a.png").touch()
    with pytest.raises(ValueError, match=r"None of the 1 pictures of .* is empty"):
        load_pictures(tmp_path / "empty")


def test_classes_with_too_little_are_refused_by_name(tmp_path):
    folder = fill(tmp_path / "p", n=1)
    with pytest.raises(ValueError, match="got 1 and 0 of cat"):
        load_pictures(folder).check_classes()
    fill(tmp_path / "one", classes=("cat",))
    with pytest.raises(ValueError, match="two classes at least, got only 'cat'"):
        load_pictures(tmp_path / "one").check_classes()


def test_a_system_takes_them_in_one_size(folder):
    found = load_images(folder)
    assert found.x_train.shape == (12, 128, 128, 3)
    assert found.x_test.shape == (4, 128, 128, 3)
    assert set(found.y_train) == set(CLASSES)
    shares = []
    digits = load_own_digits(folder, shares.append)
    assert digits.x_train.shape[1:] == (28, 28)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_pictures_that_are_all_alike_have_no_test_part(tmp_path):
    for name in CLASSES:
        (tmp_path / name).mkdir()
        Image.new("RGB", (50, 40), "red").save(tmp_path / name / "a.png")
    with pytest.raises(
        ValueError, match="no near copies of those that are learned from; got none"
    ):
        load_images(tmp_path)


def test_textures_are_whole_pictures_where_there_are_several(folder, tmp_path):
    found = load_own_textures(folder)
    assert found.classes == CLASSES
    assert sum(found.is_test) == 4
    rng = np.random.default_rng(0)
    for name in CLASSES:
        picture(rng, 200).save(tmp_path / f"{name}.png")
    alone = load_own_textures(tmp_path)
    assert (alone.labels, alone.is_test) == (CLASSES, ())


def test_the_same_pictures_have_the_same_checksum_and_others_another(folder, tmp_path):
    again = fill(tmp_path / "pictures" / "x", seed=1)
    assert load_pictures(folder).checksum == load_pictures(folder).checksum
    assert load_pictures(again).checksum != load_pictures(folder).checksum


def test_held_out_groups_are_whole_and_every_class_keeps_one():
    rng = np.random.default_rng(0)
    labels, groups = rng.integers(0, 3, 300), rng.integers(0, 40, 300)
    groups += 100 * labels
    held_out = hold_out(labels, groups, 0.3)
    assert not set(groups[held_out]) & set(groups[~held_out])
    for label in range(3):
        assert 0.2 < held_out[labels == label].mean() < 0.4
    folds = folds_of(labels, groups, 4)
    for group in np.unique(groups):
        assert len(set(folds[groups == group])) == 1
    assert set(folds) == {0, 1, 2, 3}
    one = hold_out(np.zeros(5), np.zeros(5, int))
    assert not one.any()
    mixed = folds_of(np.array([0, 1]), np.array([7, 7]), 2)
    assert mixed.tolist() == [-1, -1]


# The command


def run(*words, status=0):
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == status, done.output
    return done


def test_the_command_says_what_a_folder_holds(tmp_path):
    folder = fill(tmp_path / "p", n=6, endings=("png",))
    spoil(folder)
    (folder / "dog" / "copy.png").write_bytes((folder / "dog" / "0.png").read_bytes())
    said = run("data", "check", folder).stdout
    for line in (
        "13 pictures in ",
        "  cat  6\n",
        "  dog  7\n",
        "48 by 40 to 48 by 40",
        "13 have a side of less than 64 pixels",
        "1 are near copies",
        "broken.jpg is a damaged",
        f"`lookalike train photos --data {folder}` learns from them",
    ):
        assert line in said, said
    found = json.loads(run("data", "check", folder, "--json").stdout)
    assert found["classes"] == {"cat": 6, "dog": 7}
    assert sum(found["parts"].values()) == 13
    told = run("data", "check", tmp_path / "nowhere.csv", status=2).stderr
    assert told.count("\n") == 1
