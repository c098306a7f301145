"""Folders as they are looked through: what is found, left out, or cannot be read."""

import os

from lookalike.core.inputs import image_files
from lookalike.features.folder_files import (
    IGNORE_FILE,
    TEXTS,
    folder_contents,
    readable,
)


def names(contents, root):
    return [os.path.relpath(os.fsdecode(path), root) for path in contents.files]


def test_images_of_all_folders_are_found_in_the_order_of_their_names(tmp_path):
    for name in ("b.png", "a.JPG", "sub/c.tiff", "sub/deep/d.heic", "e.txt", "noend"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    found = folder_contents(tmp_path)
    assert names(found, tmp_path) == ["a.JPG", "b.png", "sub/c.tiff", "sub/deep/d.heic"]
    assert [os.path.basename(path) for path in found.others] == [b"e.txt", b"noend"]
    assert found.problems == []
    assert image_files([tmp_path]) == [tmp_path / n for n in names(found, tmp_path)]


def test_files_of_another_kind_are_found_by_their_endings(tmp_path):
    for name in ("a.TXT", "b.md", "c.png", "d.txt.png"):
        (tmp_path / name).touch()
    found = folder_contents(tmp_path, TEXTS)
    assert names(found, tmp_path) == ["a.TXT", "b.md"]
    assert [os.path.basename(path) for path in found.others] == [b"c.png", b"d.txt.png"]


def test_a_pattern_with_a_slash_before_it_matches_beside_its_file_alone(tmp_path):
    for name in ("a.png", "drafts/b.png", "sub/a.png", "sub/drafts/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / IGNORE_FILE).write_text("# what is above\n/drafts/\n/a.png\n")
    found = folder_contents(tmp_path)
    assert names(found, tmp_path) == ["sub/a.png", "sub/drafts/c.png"]
    (tmp_path / IGNORE_FILE).write_text("drafts\na.*\n")
    assert not names(folder_contents(tmp_path), tmp_path)


def test_what_cannot_be_looked_into_hides_what_is_below_it(tmp_path, monkeypatch):
    (tmp_path / "shut" / "deep").mkdir(parents=True)
    (tmp_path / "a.png").touch()
    (tmp_path / "gone.png").symlink_to(tmp_path / "never was")
    real = os.listdir

    def listdir(path):
        if os.fsencode(path).endswith(b"shut"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    found = folder_contents(tmp_path)
    assert names(found, tmp_path) == ["a.png"]
    assert len(found.problems) == 2
    below = os.fsencode(tmp_path)
    for path in (b"shut/x.png", b"shut/deep/y.png", b"gone.png"):
        assert found.hides(os.path.join(below, path))
    for path in (b"a.png", b"shut2/x.png", b"b.png"):
        assert not found.hides(os.path.join(below, path))
    refused = []
    assert image_files([tmp_path], refused.append) == [tmp_path / "a.png"]
    assert len(refused) == 2


def test_names_are_shown_on_one_line():
    assert readable(b"caf\xe9\n.png") == r"caf\xe9\n.png"
