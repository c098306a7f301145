"""The user's folders of images: incremental, hard to break, honest about files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.datasets import Images, load_digits_sample
from lookalike.features.preparation import Preparation
from lookalike.systems.images import SPEC
from lookalike.systems.images import picture as pictures
from lookalike.systems.images.encoders.base import PixelEncoder, version_of
from lookalike.systems.images.system import ImageSearch

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from lookalike.features import folder_changes
from lookalike.service.database.migrate import open_database
from lookalike.service.folder_catalogue import known_images
from lookalike.service.image_folders import ImageFolders, with_folders

FORM = Preparation(28, 28)


@pytest.fixture
def encoder():
    return PixelEncoder(FORM)


@pytest.fixture
def folders(url):
    database = open_database(url)
    yield ImageFolders(database)
    database.close()


@pytest.fixture
def found(folders, encoder):
    """What is indexed, as it is searched."""
    return lambda: folders.catalogue(version_of(encoder))


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures, in folders and names of several scripts."""
    images = load_digits_sample().x_train
    names = ["a.png", "b.jpg", "c.webp", "Straße.png", "画像.png", "صورة.bmp"]
    names += ["deep/er/d.png", "deep/e e.png", "x.PNG", "y.tiff", "z.gif", "🙂.png"]
    root = tmp_path / "pictures"
    for name, image in zip(names, images[::300], strict=False):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).resize((60, 50)).save(file)
    return root


def few_digits():
    whole = load_digits_sample()
    parts = whole.x_train[::40], whole.y_train[::40], whole.x_test, whole.y_test
    return Images("digits", "0" * 64, *parts)


def outcome(added):
    return added.new, added.changed, added.vanished, added.unchanged


def test_only_what_is_new_changed_or_vanished_is_touched(
    folders, found, folder, encoder
):
    assert outcome(folders.add(folder, encoder)) == (12, 0, 0, 0)
    again = folders.add(folder, encoder)
    assert outcome(again) == (0, 0, 0, 12)
    assert again.embedded == 0
    before = found()
    Image.new("RGB", (40, 40), "red").save(folder / "new.png")
    Image.new("RGB", (40, 40), "navy").save(folder / "a.png")
    (folder / "deep/er/d.png").unlink()
    later = folders.add(folder, encoder)
    assert outcome(later) == (1, 1, 1, 10)
    assert later.embedded == 2
    after = found()
    kept = np.isin(before.numbers, after.numbers)
    assert kept.sum() == 10
    np.testing.assert_array_equal(
        before.metadata.vectors[kept],
        after.metadata.vectors[np.isin(after.numbers, before.numbers)],
    )
    (folder / "x.PNG").unlink()
    assert outcome(folders.add(folder, encoder)) == (0, 0, 1, 11)
    assert len(found().labels) == 11


def test_a_file_whose_time_alone_changed_is_not_embedded_again(
    folders, folder, encoder
):
    folders.add(folder, encoder)
    os.utime(folder / "a.png", ns=(1, 1))
    added = folders.add(folder, encoder)
    assert (added.changed, added.embedded) == (1, 0)


def test_vectors_are_those_of_the_files_read_alone(folders, found, folder, encoder):
    folders.add(folder, encoder)
    catalogue = found()
    for name, vector in zip(catalogue.labels, catalogue.metadata.vectors, strict=True):
        tile = FORM.read(name)
        np.testing.assert_array_equal(encoder.transform(tile[None])[0], vector)


def test_one_folder_leaves_another_alone(folders, found, folder, encoder, tmp_path):
    other = tmp_path / "pictures 2"
    other.mkdir()
    Image.new("L", (30, 30), 90).save(other / "grey.png")
    folders.add(folder, encoder)
    assert outcome(folders.add(other, encoder)) == (1, 0, 0, 0)
    assert len(found().labels) == 13


def test_everything_good_is_indexed_and_everything_bad_gets_a_sentence(
    folders, found, folder, encoder, monkeypatch
):
    (folder / "text.jpg").write_text("not a picture")
    (folder / "nothing.png").write_bytes(b"")
    whole = (folder / "b.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("1", (8_100, 8_100)).save(folder / "huge.png")
    (folder / "loop").symlink_to(folder)
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "gone.png").symlink_to(folder / "never was.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "closed.png").write_bytes(whole)
    (folder / "notes.txt").write_text("no picture, and no picture's name")
    with open(os.path.join(os.fsencode(folder), b"caf\xe9.png"), "wb") as file:
        file.write((folder / "x.PNG").read_bytes())
    real = open

    def guarded(path, *rest, **options):
        if isinstance(path, bytes) and path.endswith(b"closed.png"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **options)

    # A test may run as root, who may read everything.
    monkeypatch.setattr(folder_changes, "open", guarded, raising=False)
    added = folders.add(folder, encoder)
    assert added.new == 13
    expected = {
        "text.jpg": "is not an image that can be read.",
        "nothing.png": "is empty (0 bytes).",
        "cut.jpg": "is a damaged or truncated image",
        "huge.png": "is too large; expected at most 64,000,000 pixels.",
        "self.png": "cannot be read: Too many levels of symbolic links.",
        "gone.png": "cannot be read: No such file or directory.",
        "pipe.png": "is not a regular file.",
        "closed.png": "cannot be read: Permission denied.",
    }
    assert len(added.broken) == len(expected)
    for name, sentence in expected.items():
        [told] = [each for each in added.broken if f"/{name} " in each]
        assert told.startswith(str(folder)), told
        assert sentence in told
        assert "\n" not in told
    assert r"caf\xe9.png" in " ".join(found().labels)
    assert len(folders.broken()) == 6  # the two links were never files


def test_content_that_two_files_share_is_one_image(folders, found, folder, encoder):
    data = (folder / "a.png").read_bytes()
    for name in ("0.png", "copy.png", "deep/copy.png"):
        (folder / name).write_bytes(data)
    added = folders.add(folder, encoder)
    assert (added.new, added.embedded) == (15, 12)
    catalogue = found()
    assert len(catalogue.labels) == 12
    for name in ("a.png", "copy.png"):
        (folder / name).unlink()
    folders.add(folder, encoder)
    assert len(found().labels) == 12
    assert folders.counts() == {"images": 12, "files": 13, "look_alikes": 0}


def test_a_file_that_moves_keeps_its_mark_and_its_vector(
    folders, found, folder, encoder
):
    folders.add(folder, encoder)
    folders.mark(folder / "a.png", "private")
    marked = found().metadata.marks == "private"
    (folder / "a.png").rename(folder / "z.png")
    added = folders.add(folder, encoder)
    assert (added.new, added.vanished, added.embedded) == (1, 1, 0)
    np.testing.assert_array_equal(found().metadata.marks == "private", marked)
    assert found().name(int(marked.argmax())).endswith("z.png")


def test_a_smaller_and_a_recompressed_copy_look_like_the_first(
    folders, found, tmp_path, encoder
):
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        rough = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        photo = rough.resize((400, 300), Image.Resampling.BICUBIC)
        photo.save(folder / f"{number}.png")
        if number == 2:
            photo.resize((200, 150)).save(folder / "8 smaller.png")
            photo.save(folder / "9 jpeg.jpg", quality=40)
    folders.add(folder, encoder)
    catalogue = found()
    short = [os.path.basename(name) for name in catalogue.labels]
    assert folders.duplicates() == [
        [str(folder / name) for name in ("2.png", "8 smaller.png", "9 jpeg.jpg")]
    ]
    assert short[-2:] == ["8 smaller.png", "9 jpeg.jpg"]
    np.testing.assert_array_equal(catalogue.metadata.groups, [0, 1, 2, 3, 4, 5, 2, 2])


def test_pictures_that_differ_in_colour_or_level_are_not_the_same(
    folders, found, tmp_path, encoder
):
    folder = tmp_path / "swatches"
    folder.mkdir()
    for colour in ("red", "blue", "black", "white", "#808080", "#a08080", "#909090"):
        shirt = Image.new("RGB", (60, 60), "white")
        shirt.paste(colour, (20, 10, 40, 50))
        shirt.save(folder / f"{colour}.png")
    folders.add(folder, encoder)
    assert len(set(found().metadata.groups.tolist())) == 7
    Image.new("RGB", (60, 60), "#818181").save(folder / "x1.png")
    Image.new("RGB", (60, 60), "#828282").save(folder / "x2.png")
    folders.add(folder, encoder)
    assert found().metadata.groups.tolist()[-2:] == [7, 7]
    folders.choose(duplicates=True)
    assert found().metadata.groups.tolist() == list(range(9))


def searched(found):
    """Labels of what may be answered."""
    catalogue = found()
    return [
        os.path.basename(label)
        for label, mark in zip(catalogue.labels, catalogue.metadata.marks, strict=True)
        if not mark
    ]


def test_a_mark_follows_the_file_and_the_pixels(folders, found, folder, encoder):
    folders.add(folder, encoder)
    file = folder / "a.png"
    folders.mark(file, "private")
    picture = Image.open(file)
    picture.load()
    picture.save(file, dpi=(300, 300))  # other bytes, the same pixels
    folders.add(folder, encoder)
    assert "a.png" not in searched(found)
    picture.save(folder / "copy.tiff")  # another name and format
    folders.add(folder, encoder)
    assert not {"a.png", "copy.tiff"} & set(searched(found))
    file.unlink()
    folders.add(folder, encoder)
    assert "copy.tiff" not in searched(found)
    picture.convert("RGB").save(file, "JPEG")  # other pixels, the same name
    folders.add(folder, encoder)
    assert not {"a.png", "copy.tiff"} & set(searched(found))
    folders.add(folder, encoder, afresh=True)
    assert not {"a.png", "copy.tiff"} & set(searched(found))
    for name in ("a.png", "copy.tiff"):
        folders.mark(folder / name, "")
    assert {"a.png", "copy.tiff"} <= set(searched(found))


def test_marking_names_what_looks_the_same_and_is_still_shown(folders, folder, encoder):
    picture = Image.open(folder / "a.png")
    picture.save(folder / "like.jpg", quality=95)
    folders.add(folder, encoder)
    assert folders.mark(folder / "a.png", "blocked") == [str(folder / "like.jpg")]
    assert folders.mark(folder / "like.jpg", "blocked") == []


def test_an_empty_folder_asks_and_marks_outlive_it(folders, found, folder, encoder):
    folders.add(folder, encoder)
    folders.mark(folder / "a.png", "private")
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()
    (folder / "readme.txt").touch()
    with pytest.raises(ValueError, match=r"holds no images, but 12 .* --allow-empty"):
        folders.add(folder, encoder)
    assert len(found().labels) == 12
    assert outcome(folders.add(folder, encoder, allow_empty=True)) == (0, 0, 12, 0)
    shutil.rmtree(folder)
    folder.with_name("elsewhere").rename(folder)
    folders.add(folder, encoder)
    assert len(searched(found)) == 11
    assert "a.png" not in searched(found)


def test_an_empty_disk_is_asked_about_before_all_is_forgotten(
    folders, found, folder, encoder, tmp_path
):
    folders.add(folder, encoder)
    elsewhere = folder.rename(tmp_path / "elsewhere")
    for empty in (folder, tmp_path / "another"):
        empty.mkdir()
        with pytest.raises(ValueError, match=r"holds no images, but 12 files are"):
            folders.add(empty, encoder, afresh=True)
    assert len(found().labels) == 12
    assert outcome(folders.add(elsewhere, encoder, afresh=True)) == (12, 0, 0, 0)
    assert all(name.startswith(str(elsewhere)) for name in found().labels)
    folders.add(folder, encoder, allow_empty=True, afresh=True)
    assert folders.is_empty()


class Meanwhile(PixelEncoder):
    """An encoder during whose work another process does something."""

    def __init__(self, do):
        super().__init__(FORM)
        self.do = do

    def transform(self, images):
        self.do()
        return super().transform(images)


Meanwhile.__name__ = "PixelEncoder"  # of which its version is made


def test_a_file_that_another_process_indexes_too_leaves_no_image_behind(
    folders, found, tmp_path, encoder
):
    file = tmp_path / "pictures" / "a.png"
    file.parent.mkdir()
    Image.new("RGB", (40, 40), "red").save(file)

    def another():
        Image.new("RGB", (40, 40), "navy").save(file)
        folders.add(file.parent, encoder)

    folders.add(file.parent, Meanwhile(another))
    assert found().labels.tolist() == [str(file)]
    folders.add(file.parent, encoder)
    assert found().labels.tolist() == [str(file)]
    assert found().picture(0)[0, 0].tolist() == [0, 0, 128]


def test_a_copy_of_an_image_that_another_process_forgets_is_read_again(
    folders, found, tmp_path, encoder
):
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (40, 40), "red").save(folder / "a.png")
    folders.add(folder, encoder)
    shutil.copy(folder / "a.png", folder / "copy.png")
    Image.new("RGB", (40, 40), "navy").save(folder / "new.png")
    folders.add(folder, Meanwhile(lambda: folders.remove(folder / "a.png")))
    folders.add(folder, encoder)
    assert searched(found) == ["new.png", "a.png"]


@pytest.mark.parametrize("call", ["listdir", "stat"])
def test_what_cannot_be_looked_into_has_not_vanished(
    folders, found, folder, encoder, monkeypatch, call
):
    folders.add(folder, encoder)
    folders.mark(folder / "deep/er/d.png", "private")
    real = getattr(os, call)

    def failing(path, *rest, **options):
        if os.fsencode(path).endswith(b"/deep"):
            raise OSError(5, "Input/output error", path)
        return real(path, *rest, **options)

    monkeypatch.setattr(os, call, failing)
    added = folders.add(folder, encoder)
    assert outcome(added) == (0, 0, 0, 10)
    assert added.broken == [f"{folder}/deep cannot be read: Input/output error."]
    assert len(found().labels) == 12
    monkeypatch.undo()
    assert outcome(folders.add(folder, encoder)) == (0, 0, 0, 12)
    assert "d.png" not in searched(found)


def test_a_file_that_could_not_be_read_is_read_when_it_can_be(
    folders, found, folder, encoder, monkeypatch
):
    real = open

    def failing(path, *rest, **options):
        if isinstance(path, bytes) and path.endswith((b"a.png", b"b.jpg")):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **options)

    (folder / "b.jpg").rename(folder / "later.jpg")
    folders.add(folder, encoder)  # a.png is known, b.jpg is not
    (folder / "later.jpg").rename(folder / "b.jpg")
    os.utime(folder / "a.png", ns=(1, 1))
    monkeypatch.setattr(folder_changes, "open", failing, raising=False)
    added = folders.add(folder, encoder)
    assert (added.new, added.changed, len(added.broken)) == (0, 0, 2)
    assert "a.png" in searched(found)  # as it was
    monkeypatch.undo()
    folders.add(folder, encoder)
    assert len(searched(found)) == 12
    assert folders.broken() == []


def test_whatever_goes_wrong_with_one_file_is_that_files_alone(
    folders, found, folder, encoder, monkeypatch
):
    real, transform = pictures.read_image, PixelEncoder.transform

    def broken(data, **options):
        image = real(data, **options)
        if data == (folder / "a.png").read_bytes():
            raise RuntimeError("lost\nWarning: all is lost")
        return image

    def refusing(self, tiles):
        if any((tile == FORM.read(folder / "b.jpg")).all() for tile in tiles):
            raise RuntimeError("no vector")
        return transform(self, tiles)

    monkeypatch.setattr(pictures, "read_image", broken)
    monkeypatch.setattr(PixelEncoder, "transform", refusing)
    added = folders.add(folder, encoder)
    assert added.new == 10
    assert sorted(added.broken) == [
        rf"{folder}/a.png cannot be used: lost\nWarning: all is lost.",
        f"{folder}/b.jpg cannot be used: no vector.",
    ]
    assert len(found().labels) == 10


def test_a_folder_that_moved_is_named_where_it_is_and_can_be_forgotten(
    folders, found, folder, encoder
):
    folders.add(folder, encoder)
    moved = folder.rename(folder.with_name("zz"))
    folders.add(moved, encoder)
    assert all(label.startswith(f"{moved}/") for label in found().labels)
    assert folders.counts()["files"] == 24
    assert folders.remove(folder) == 12
    assert folders.counts()["files"] == 12
    assert folders.remove(moved / "a.png") == 1
    with pytest.raises(ValueError, match=f"Nothing of {folder} is indexed"):
        folders.remove(folder)


def test_what_is_hidden_or_ignored_is_left_out(folders, found, folder, encoder):
    good = (folder / "a.png").read_bytes()
    for name in (".hidden/x.png", "@eaDir/x.png", "._x.png", "drafts/x.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(good)
    (folder / "Thumbs.db").write_bytes(b"no picture")
    (folder / ".lookalikeignore").write_text("# what is not finished\ndrafts/\n*.gif\n")
    (folder / "deep" / ".lookalikeignore").write_text("er/*\n")
    folders.add(folder, encoder)
    assert sorted(searched(found)) == sorted(
        [
            *("a.png", "b.jpg", "c.webp", "Straße.png", "画像.png", "صورة.bmp"),
            *("e e.png", "x.PNG", "y.tiff", "🙂.png"),
        ]
    )


def test_another_embedding_is_refused_and_nothing_is_mixed(
    folders, found, folder, encoder
):
    folders.add(folder, encoder)
    other = PixelEncoder(Preparation(14, 14))
    refusing = (
        lambda: folders.check(folder, version_of(other)),
        lambda: folders.catalogue(version_of(other)),
        lambda: folders.add(folder, other),
    )
    for refuse in refusing:
        with pytest.raises(ValueError, match=r"was embedded with version \w{12}, this"):
            refuse()
    assert len(found().labels) == 12


def test_what_is_no_database_and_a_missing_folder_are_sentences(
    tmp_path, encoder, folders, found
):
    text = tmp_path / "text.sqlite"
    text.write_text("not a database" * 100)
    for upgrade in (False, True):
        with pytest.raises(ValueError, match="is no database: file is not a database"):
            open_database(f"sqlite:///{text}", upgrade)
    with pytest.raises(ValueError, match="is no folder"):
        folders.add(tmp_path / "nowhere", encoder)
    with pytest.raises(ValueError, match="holds no images yet"):
        found()


INDEXING = """
import signal, sys, time
# Who runs the tests in the background may have told us to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
from lookalike.features.preparation import Preparation
from lookalike.service import image_folders
from lookalike.service.database.migrate import open_database
from lookalike.systems.images.encoders.base import PixelEncoder
image_folders.BATCH = 1
class Slow(PixelEncoder):
    n_seen = 0
    def transform(self, images):
        Slow.n_seen += 1
        time.sleep(0.05 if Slow.n_seen < 6 else 60)  # the signal comes before its end
        return super().transform(images)
Slow.__name__ = "PixelEncoder"
encoder = Slow(Preparation(28, 28))
print("ready", flush=True)
database = open_database(sys.argv[1])
image_folders.ImageFolders(database).add(sys.argv[2], encoder)
"""


@pytest.mark.parametrize(
    ("url", "how"),
    [
        ("sqlite", signal.SIGKILL),
        ("sqlite", signal.SIGINT),
        ("postgresql", signal.SIGKILL),
    ],
    indirect=["url"],
)
def test_interrupted_it_keeps_what_was_read_and_goes_on(
    how, url, folders, found, folder, encoder
):
    words = [sys.executable, "-c", INDEXING, url, str(folder)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        deadline = time.monotonic() + 20
        while folders.counts()["images"] < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(how)
        process.wait()
    known = folders.counts()["images"]
    assert 3 <= known < 12
    added = folders.add(folder, encoder)
    assert (added.new, added.unchanged) == (12 - known, known)
    assert len(found().labels) == 12


def test_a_system_searches_what_is_indexed_and_knows_when_that_changed(
    folders, folder, encoder, tmp_path
):
    system = ImageSearch("pixels").fit(few_digits())
    first = with_folders(system, folders.database)
    assert first.catalogue_ is system.trained_
    assert not first.is_stale()
    folders.add(folder, system.encoder_)
    assert first.is_stale()
    assert not system.is_stale()  # which was given no database
    second = with_folders(system, folders.database)
    assert (len(second.catalogue_.ids), second.is_stale()) == (12, False)
    name = str(folder / "b.jpg")
    [query] = SPEC.decoder().read([name])[1]
    assert second.search_each([query], 1)[0].labels == [name]
    picture = second.catalogue_.picture(second.catalogue_.labels.tolist().index(name))
    assert picture.shape == (50, 60, 3)
    folders.add(folder, system.encoder_)  # nothing is new
    assert not second.is_stale()
    changes = (
        lambda: folders.mark(name, "private"),
        lambda: folders.choose(memory=10**6),
        lambda: os.unlink(folder / "a.png") or folders.add(folder, system.encoder_),
    )
    for change in changes:
        change()
        assert second.is_stale()
        second = with_folders(system, folders.database)
        assert not second.is_stale()
    assert name not in second.search_each([query], 12)[0].labels
    folders.forget()
    assert second.is_stale()
    assert with_folders(system, folders.database).catalogue_ is system.trained_


def test_a_number_never_names_another_image(folders, found, folder, encoder):
    folders.add(folder, encoder)
    before = dict(zip(found().labels, found().ids, strict=True))
    last = max(before, key=lambda name: int(before[name]))
    os.unlink(last)
    folders.add(folder, encoder)
    Image.new("L", (30, 30), 90).save(folder / "grey.png")
    folders.add(folder, encoder)
    after = dict(zip(found().labels, found().ids, strict=True))
    assert after.pop(str(folder / "grey.png")) not in before.values()
    assert after == {name: id for name, id in before.items() if name != last}


def test_a_snapshot_holds_what_is_indexed(folders, found, folder, encoder, tmp_path):
    from lookalike.service.restoring import restore
    from lookalike.service.snapshots import snapshot

    folders.add(folder, encoder)
    folders.mark(folder / "a.png", "blocked")
    folders.choose(recall=0.9)
    before = found()
    snapshot(folders.database, {}, tmp_path / "kept", "before")
    folders.forget()
    stamp = folders.stamp()
    restore(folders.database, {}, tmp_path / "kept", "before")
    assert folders.stamp() != stamp
    after = found()
    for name in ("vectors", "groups", "marks", "added"):
        arrays = (getattr(each.metadata, name) for each in (before, after))
        np.testing.assert_array_equal(*arrays)
    assert after.ids == before.ids
    assert after.labels.tolist() == before.labels.tolist()
    assert folders.chosen() == {"recall": 0.9}
    assert outcome(folders.add(folder, encoder)) == (0, 0, 0, 12)


def test_marks_of_a_database_of_the_last_form_stay(url, tmp_path):
    from alembic import command

    from lookalike.service.database import Database
    from lookalike.service.database import migrate as module

    Image.new("RGB", (20, 20), "#c80000").save(tmp_path / "thumbnail.png")
    image = {"system": "images", "number": 1, "digest": "d" * 64, "width": 20}
    image |= {"height": 20, "look": bytes(8), "tiny": bytes(256), "mark": "private"}
    image |= {"thumbnail": (tmp_path / "thumbnail.png").read_bytes(), "added": 1}
    image |= {"vector": np.ones(4, "<f4").tobytes()}
    file = {"system": "images", "key": "k" * 64, "path": b"/gone.png", "size": 1}
    file |= {"modified": 1, "digest": "d" * 64}
    database = Database(url)
    with database.writing() as connection:
        command.upgrade(module._config(connection), "0003")
        for table, row in (("folder_images", image), ("folder_files", file)):
            columns = sa.table(table, *map(sa.column, row))
            connection.execute(sa.insert(columns), [row])
    module.migrate(database)
    with database.reading() as connection:
        [known] = known_images(connection, "images")
        keys = connection.execute(sa.text("SELECT key FROM folder_marks")).scalars()
        assert sorted(keys) == ["d" * 64, "k" * 64]
    assert known.mark == "private"
    assert known.tiny == bytes([200, 0, 0]) * 256
    database.close()


def test_a_path_may_be_longer_than_a_key_of_a_database(
    folders, found, tmp_path, encoder
):
    root = deep = tmp_path / "pictures"
    for _ in range(15):
        deep = deep / ("d" * 200)
    deep.mkdir(parents=True)
    Image.new("L", (30, 30), 90).save(deep / "grey.png")
    assert outcome(folders.add(root, encoder)) == (1, 0, 0, 0)
    assert found().labels.tolist() == [str(deep / "grey.png")]
    assert outcome(folders.add(root, encoder)) == (0, 0, 0, 1)


# By the command


@pytest.fixture
def library(tmp_path):
    ImageSearch("principal").fit(few_digits()).save(tmp_path / "library" / "0001")
    return tmp_path / "library"


def opened(library, number="0001"):
    """A generation, as the commands open it."""
    url = f"sqlite:///{library}/service/lookalike.db"
    return with_folders(ImageSearch.load(library / number), open_database(url))


def run(*words, status=0):
    result = CliRunner().invoke(app, [str(w) for w in words], env={"COLUMNS": "250"})
    assert result.exit_code == status, result.output
    return result


def test_a_folder_is_indexed_searched_explained_and_hidden(library, folder):
    (folder / "bad.png").write_text("no")
    words = ["index", "add", folder, "--folder", library]
    result = run(*words, "--json")
    found = json.loads(result.stdout)
    assert (found["new"], found["images"], len(found["broken"])) == (12, 12, 1)
    assert "bad.png is not an image" in result.stderr
    assert "0 new, 0 changed, 0 vanished, 12 unchanged, 1 broken" in run(*words).stdout
    there = ["--system", "images", "--folder", library]
    query = folder / "画像.png"
    hits = json.loads(run("search", query, *there, "--k", "2", "--json").stdout)
    [answer] = hits["answers"]
    assert answer["hits"][0]["label"] == str(query)
    assert answer["hits"][0]["score"] == pytest.approx(1, abs=1e-5)
    assert "画像.png: similarity 1.000" in run("explain", query, *there).stdout
    run("index", "mark", query, "--as", "private", "--folder", library)
    assert "left out: private" in run("explain", query, *there).stdout
    assert "bad.png" in run("index", "status", "--folder", library).stdout


def test_the_commands_of_folders_say_what_they_did(library, folder):
    (folder / "a\nWarning: all is lost.png").write_text("no picture")
    there = ["--folder", library]
    told = run("index", "add", folder, *there, "--duplicates").stderr
    assert told.count("\n") == 1
    shutil.copy(folder / "a.png", folder / "a copy.png")
    run("index", "add", folder, *there)
    listed = json.loads(run("index", "duplicates", *there, "--json").stdout)
    pair = [str(folder / name) for name in ("a copy.png", "a.png")]
    assert listed == {"duplicates": [pair]}
    words = ["search", folder / "a.png", "--system", "images", *there]
    assert "画像.png" in run(*words).stdout  # more than k are asked for than there are
    assert "1 files of" in run("index", "remove", pair[0], *there).stdout
    assert "No two files" in run("index", "duplicates", *there).stdout
    (folder / "deep" / "good.png").write_bytes((folder / "a.png").read_bytes())
    found = run("search", folder, "--system", "images", *there, "--json", status=1)
    document = json.loads(found.stdout)
    assert (len(document["answers"]), len(document["refused"])) == (14, 1)
    assert "is not an image" in found.stderr


def test_without_the_extra_of_the_service_a_sentence_names_it(
    library, folder, monkeypatch
):
    run("index", "add", folder, "--folder", library)
    monkeypatch.delitem(sys.modules, "lookalike.service.image_folders")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    there = ["--folder", library]
    for words in (
        ["index", "add", folder],
        ["index", "status"],
        ["search", folder / "a.png", "--system", "images"],
    ):
        told = run(*words, *there, status=2).stderr
        assert told == (
            "Error: The service needs sqlalchemy: pip install 'lookalike[serve]'\n"
        )


def test_folders_in_another_database_are_searched_where_it_is_named(
    library, folder, url
):
    run("index", "add", folder, "--folder", library, "--database", url)
    assert not (library / "service").exists()
    words = ["search", folder / "a.png", "--system", "images", "--folder", library]
    found = [
        json.loads(run(*words, "--k", "1", "--json", *more).stdout)["answers"][0]
        for more in ([], ["--database", url])
    ]
    labels = [answer["hits"][0]["label"] for answer in found]
    assert labels[0] != labels[1] == str(folder / "a.png")


def test_a_database_without_tables_holds_no_folders(library, folder, tmp_path):
    words = ["search", folder / "a.png", "--system", "images", "--folder", library]
    database = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    found = run(*words, "--json", "--database", database)
    assert found.stdout == run(*words, "--json").stdout


def test_options_of_an_encoder_need_one(library, folder):
    said = run("index", "add", folder, "--folder", library, "--side", 8, status=2)
    assert "--side, --mean and --scale are for an ONNX file of your own." in said.stderr


def test_the_index_keeps_to_the_memory_that_was_given(library, folder):
    words = ["index", "add", folder, "--folder", library]
    run(*words, "--memory", 4000)
    system = opened(library)
    facts = system.catalogue_.index.facts
    assert facts["method"].startswith("codes of")
    assert facts["bytes"] <= 4000
    query = folder / "a.png"
    [answer] = system.search_each(SPEC.decoder().read([query])[1], 1)
    assert answer.labels == [str(query)]
    run(*words, "--memory", 100)
    told = run("search", query, "--system", "images", "--folder", library, status=2)
    assert "need at least" in told.stderr


def test_a_catalogue_of_another_generation_is_refused_until_it_is_made_afresh(
    library, folder
):
    words = ["index", "add", folder, "--folder", library]
    run(*words)
    found = ImageSearch.load(library / "0001")
    found.encoder_.matrix = found.encoder_.matrix * np.float32(2)
    found.manifest_ = replace(
        found.manifest_, embedding_version=version_of(found.encoder_)
    )
    found.save(library / "0002")
    search = ["search", folder / "a.png", "--system", "images", "--folder", library]
    for verb in (words, search):
        told = run(*verb, status=2).stderr
        assert "was embedded with version" in told
    assert "12 new" in run(*words, "--afresh").stdout


def test_the_service_s_log_of_clicks_changes_the_order(library, folder, tmp_path):
    from lookalike.service.database.events import (
        exposure_row,
        store_events,
        store_exposures,
    )

    database = open_database(f"sqlite:///{tmp_path / 'log.sqlite'}")
    there = ["--folder", library, "--database", f"sqlite:///{tmp_path / 'log.sqlite'}"]

    def searched(number):
        return with_folders(ImageSearch.load(library / number), database)

    run("index", "add", folder, *there)
    system = searched("0001")
    query = SPEC.decoder().read([folder / "a.png"])[1]
    before = system.search(query, 6).ids[0]
    loved = int(before[4])
    rng = np.random.default_rng(0)
    exposures, events = [], []
    for number in range(600):
        rows = rng.permutation(before)
        exposures.append(
            exposure_row(
                query_id=f"q{number}",
                system="images",
                verb="search",
                generation="0001",
                embedding_version=system.manifest_.embedding_version,
                revision=0,
                user={"session_id": None, "client_id": None, "user_id": None},
                features=system.embed(query)[0],
                ids=[system.catalogue_.ids[row] for row in rows.tolist()],
                scores=[0.5] * 6,
            )
        )
        hits = json.loads(exposures[-1]["hits"])
        exposures[-1]["hits"] = json.dumps([[i, s, 1 / 6] for i, s, _ in hits])
        for position, row in enumerate(rows.tolist()):
            if rng.random() < (0.9 if row == loved else 0.05) / (1 + position):
                event = dict.fromkeys(
                    ("application", "session_id", "client_id", "user_id", "value")
                )
                event |= dict.fromkeys(("message_type", "message"))
                event |= {"event_id": f"{number}-{row}", "action_name": "click"}
                event |= {
                    "query_id": f"q{number}",
                    "object_id": system.catalogue_.ids[row],
                }
                event |= {"position": position, "event_attributes": "{}"}
                events.append({**event, "timestamp": number})
    with database.writing() as connection:
        store_exposures(database, connection, exposures)
        store_events(database, connection, events)
    told = run("index", "learn", *there).stdout
    assert f"learned from 3,600 impressions and {len(events):,} clicks" in told
    after = searched("0002")
    assert after.search(query, 6).ids[0][0] == loved
    # Another image comes and one goes: what was learned stays with its item.
    names = after.catalogue_.labels
    name = names[loved]
    gone = next(n for n in names if n != name and n != str(folder / "a.png"))
    os.unlink(gone)
    Image.new("L", (50, 50), 200).save(folder / "0 new.png")
    run("index", "add", folder, *there)
    later = searched("0002")
    database.close()
    assert later.catalogue_.labels[later.search(query, 6).ids[0][0]] == name


# A user's own encoder


def onnx_file(path, shape=("n", 3, 16, 16), vector=True, notes=None):
    """A model that averages over 4 by 4 cells, or returns the image as it is."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kinds = onnx.helper, onnx.TensorProto
    taken = helper.make_tensor_value_info("image", kinds.FLOAT, list(shape))
    given = helper.make_tensor_value_info("vector", kinds.FLOAT, None)
    nodes = [
        helper.make_node(
            "AveragePool", ["image"], ["cells"], kernel_shape=[4, 4], strides=[4, 4]
        ),
        helper.make_node("Flatten", ["cells"], ["vector"]),
    ]
    if not vector:
        nodes = [helper.make_node("Identity", ["image"], ["vector"])]
    graph = helper.make_graph(nodes, "cells", [taken], [given])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    helper.set_model_props(model, notes or {})
    path.write_bytes(model.SerializeToString())
    return path


def test_a_folder_is_indexed_by_an_encoder_of_ones_own(tmp_path, folder):
    notes = {"mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.25, 0.25]"}
    model = onnx_file(tmp_path / "own.onnx", notes=notes)
    library = tmp_path / "library"
    words = ["index", "add", folder, "--folder", library]
    assert "12 new" in run(*words, "--encoder", model).stdout
    assert "12 unchanged" in run(*words).stdout
    there = ["--system", "images", "--folder", library, "--json"]
    query = folder / "deep/e e.png"
    hits = json.loads(run("search", query, *there).stdout)["answers"][0]["hits"]
    assert hits[0]["label"] == str(query)
    encoder = ImageSearch.load(library / "0001").encoder_
    assert encoder.preparation == Preparation(
        16, 16, "RGB", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
    )
    tile = encoder.preparation.read(query)
    pixels = (tile.astype(np.float32) / 255 - 0.5) / 0.25
    cells = pixels.reshape(4, 4, 4, 4, 3).mean(axis=(1, 3)).transpose(2, 0, 1).ravel()
    expected = cells / np.linalg.norm(cells)
    np.testing.assert_allclose(encoder.transform(tile[None])[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "words", "sentence"),
    [
        ({"shape": ("n", 5, 16, 16)}, [], "must take float images (n, 1 or 3, height"),
        ({"shape": ("n", 48)}, [], "own.onnx is no ONNX file that can be read: [ONNXR"),
        ({"vector": False}, [], "must return one vector an image, (1, n_dim"),
        ({}, ["--side", "32"], "takes images of 16 by 16, not 32"),
        ({"notes": {"mean": "grey"}}, [], "says mean = 'grey'; expected a JSON list"),
        ({}, ["--mean", "0.5,0.5"], "mean must hold 1 or 3 numbers"),
        ({}, ["--mean", "half"], "Expected numbers with commas between, got 'half'"),
    ],
)
def test_an_encoder_of_the_wrong_shape_is_a_sentence_and_nothing_is_made(
    options, words, sentence, tmp_path, folder
):
    model = onnx_file(tmp_path / "own.onnx", **options)
    library = tmp_path / "library"
    given = ["--encoder", model, "--folder", library, *words]
    told = run("index", "add", folder, *given, status=2).stderr
    assert sentence in told
    assert told.count("\n") == 1
    assert not library.exists() or not list(library.glob("0*"))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "must be an ONNX file of less than 2 GiB, got 0 bytes."),
        (b"not a model", "own.onnx is no ONNX file that can be read"),
    ],
)
def test_a_file_that_is_no_model_is_a_sentence(contents, said, tmp_path, folder):
    pytest.importorskip("onnxruntime")
    model = tmp_path / "own.onnx"
    model.write_bytes(contents)
    given = ["--encoder", model, "--folder", tmp_path / "library"]
    told = run("index", "add", folder, *given, status=2).stderr
    assert said in told
