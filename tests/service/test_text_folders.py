"""The user's folders of texts: incremental, by content, honest about files."""

import json
import os

import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.items import Item
from lookalike.datasets.own_texts import load_own_texts
from lookalike.features import folder_changes
from lookalike.systems.documents import SPEC

pytest.importorskip("sqlalchemy")

from lookalike.service.database import items as stored
from lookalike.service.database.migrate import open_database
from lookalike.service.text_folders import TextFolders, with_changes

TEXTS = {
    "wine.md": "# Wine\n\nRed wine and cheese.",
    "tea.txt": "Green tea in a cup.",
    "music/song.txt": "A song for a violin.",
    "music/drum.rst": "Drum\n====\nA drum and a choir.",
}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "texts"
    write(folder, TEXTS)
    return folder


@pytest.fixture
def database(tmp_path):
    found = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    yield found
    found.close()


@pytest.fixture
def learned(root, tmp_path):
    """A function that opens the system that learned from the folder."""
    return saved(root, tmp_path)


def write(folder, texts):
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def saved(root, place):
    """Let a system learn, and return a function that opens it."""
    SPEC.new({"n_components": 0}).fit(load_own_texts(root)).save(place / "0001")
    return lambda: SPEC.system_class.load(place / "0001")


def again(root, database, learned, **options):
    """Index a folder as a further command does; return counts, and what is found."""
    result = TextFolders(database, learned()).add(root, **options)
    counts = result.new, result.changed, result.vanished, result.unchanged
    return counts, with_changes(learned(), database), result.broken


def n_changes(database):
    with database.reading() as connection:
        return stored.last_revision(connection, "documents")


def test_what_was_learned_is_not_indexed_twice(root, database, learned, monkeypatch):
    assert again(root, database, learned)[0] == (0, 0, 0, 4)
    assert n_changes(database) == 0

    def never(*arguments):
        raise AssertionError(f"{arguments} was read again.")

    monkeypatch.setattr(folder_changes, "open", never, raising=False)
    assert again(root, database, learned)[0] == (0, 0, 0, 4)


def test_what_is_new_changed_and_gone_is_found_so(root, database, learned):
    again(root, database, learned)
    write(root, {"wine.md": "White wine.", "music/new.txt": "An accordion."})
    (root / "tea.txt").unlink()
    os.utime(root / "music" / "song.txt", (0, 0))  # another time, the same content
    counts, system, broken = again(root, database, learned)
    assert (counts, broken) == ((1, 1, 1, 2), [])
    assert n_changes(database) == 3
    assert sorted(system.item_ids) == [
        "music/drum.rst",
        "music/new.txt",
        "music/song.txt",
        "wine.md",
    ]
    assert system.document("wine.md") == {
        "title": None,
        "text": "White wine.",
        "attributes": {"folder": "."},
    }
    assert system.document("music/new.txt")["attributes"] == {"folder": "music"}
    assert [a.ids for a in system.search_each(["accordion", "tea"])] == [
        ["music/new.txt"],
        [],
    ]
    assert again(root, database, learned)[0] == (0, 0, 0, 4)
    assert n_changes(database) == 3


def test_what_went_before_anybody_looked_is_gone(root, database, learned):
    (root / "tea.txt").unlink()
    counts, system, _ = again(root, database, learned)
    assert counts == (0, 0, 1, 3)
    assert not system.has_item("tea.txt")
    assert again(root, database, learned)[0] == (0, 0, 0, 3)


def test_what_cannot_be_read_now_stays_as_it_was(root, database, learned, monkeypatch):
    again(root, database, learned)
    write(root, {"tea.txt": "Black tea.", "music/song.txt": "Another song."})
    real_open, real_list = open, os.listdir

    def failing(path, *rest):
        if os.fsencode(path).endswith(b"tea.txt"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *rest)

    def shut(path):
        if os.fsencode(path).endswith(b"music"):
            raise PermissionError(13, "Permission denied")
        return real_list(path)

    monkeypatch.setattr(folder_changes, "open", failing, raising=False)
    monkeypatch.setattr(os, "listdir", shut)
    counts, system, broken = again(root, database, learned)
    assert counts == (0, 0, 0, 1)
    assert len(broken) == 2
    assert all("cannot be read: Permission denied." in each for each in broken)
    assert sorted(system.item_ids) == sorted(TEXTS)
    assert system.document("tea.txt")["text"] == "Green tea in a cup."
    monkeypatch.undo()
    counts, system, broken = again(root, database, learned)
    assert (counts, broken) == ((0, 2, 0, 2), [])
    assert system.document("tea.txt")["text"] == "Black tea."


def test_a_file_that_holds_no_text_any_more_is_no_document(root, database, learned):
    again(root, database, learned)
    (root / "tea.txt").write_bytes("Käse".encode("latin-1"))
    write(root, {"wine.md": " ... ", "music/song.txt": ""})
    long, odd = root / ("x" * 120) / ("y" * 120 + ".txt"), root / "a\nb.txt"
    for file in (long, odd):
        write(root, {file.relative_to(root): "A text."})
    counts, system, broken = again(root, database, learned)
    assert counts == (0, 0, 0, 1)
    assert system.item_ids == ["music/drum.rst"]
    told = " ".join(broken)
    for sentence in (
        "tea.txt is not in UTF-8 or UTF-16.",
        "wine.md has no letter and no digit.",
        "song.txt is empty (0 bytes).",
        "has a path of 245 letters; an id has 200 at most.",
        r"a\nb.txt has a path with signs that are no letters.",
    ):
        assert sentence in told
    assert sorted(TextFolders(database, learned()).broken()) == sorted(broken)
    write(root, {"tea.txt": "Tea again."})
    counts, system, broken = again(root, database, learned)
    assert (counts, len(broken)) == ((1, 0, 0, 1), 4)
    assert system.has_item("tea.txt")


def test_files_of_other_folders_have_their_whole_path(root, database, learned):
    other = root.parent / "other"
    write(other, {"tea.txt": "Mint tea.", "more/cup.txt": "A cup."})
    counts, system, _ = again(other, database, learned)
    assert counts == (2, 0, 0, 0)
    own = str(other / "tea.txt")
    assert system.document(own)["text"] == "Mint tea."
    assert system.document("tea.txt")["text"] == "Green tea in a cup."
    assert again(root / "music", database, learned)[0] == (0, 0, 0, 2)
    (other / "tea.txt").unlink()
    counts, system, _ = again(other, database, learned)
    assert counts == (0, 0, 1, 1)
    assert not system.has_item(own)


def test_an_empty_folder_is_forgotten_only_if_that_is_said(root, database, learned):
    again(root, database, learned)
    for name in TEXTS:
        (root / name).unlink()
    with pytest.raises(ValueError, match="holds no texts, but 4 of its files are"):
        again(root, database, learned)
    assert with_changes(learned(), database).n_items == 4
    counts, system, _ = again(root, database, learned, allow_empty=True)
    assert (counts, system.n_items) == ((0, 0, 4, 0), 0)
    with pytest.raises(ValueError, match="is no folder"):
        again(root / "tea.txt", database, learned)


def test_a_folder_or_a_file_is_forgotten(root, database, learned):
    again(root, database, learned)
    assert TextFolders(database, learned()).remove(root / "music") == 2
    assert with_changes(learned(), database).item_ids == ["tea.txt", "wine.md"]
    with pytest.raises(ValueError, match=r"Nothing of .* is indexed"):
        TextFolders(database, learned()).remove(root / "music")
    # What is there is indexed again, as nobody said that it is to stay forgotten.
    assert again(root, database, learned)[0] == (2, 0, 0, 2)


def test_documents_that_are_no_files_of_the_folder_stay(tmp_path, database):
    place = tmp_path / "collection"
    rows = [{"id": "MED-1", "text": "Red wine."}, {"id": "b.md", "text": "Tea."}]
    write(place, {"corpus.jsonl": "\n".join(map(json.dumps, rows)), "x.txt": "Cups."})
    learned = saved(place, tmp_path)
    with database.writing() as connection:
        new = Item("sent.txt", None, {"text": "Sent over HTTP."})
        stored.store(database, connection, "documents", [new], "")
    counts, found, _ = again(place, database, learned)
    assert counts == (1, 0, 1, 0)  # b.md is named like a file, and there is none
    assert sorted(found.item_ids) == ["MED-1", "sent.txt", "x.txt"]


def run(*words, status=0):
    told = CliRunner().invoke(app, list(map(str, words)))
    assert told.exit_code == status, told.output
    return told.output


def test_the_command_finds_the_system_learns_and_indexes(root, tmp_path):
    where = "--folder", tmp_path / "library"
    assert "4 new, 0 changed, 0 vanished, 0 unchanged" in run(
        "index", "add", root, *where
    )
    write(root, {"new.txt": "An accordion."})
    told = json.loads(run("index", "add", root, *where, "--json"))
    assert (told["system"], told["new"], told["unchanged"]) == ("documents", 1, 4)
    assert (told["documents"], told["files"], told["broken"]) == (5, 5, [])
    found = run("search", "accordoin", "accordion", "--system", "documents", *where)
    assert "Did you mean accordion?" in found
    assert "new.txt" in found
    assert "documents  5" in run("index", "status", *where)
    assert "2 documents of" in run("index", "remove", root / "music", *where)
    assert "documents  3" in run("index", "status", *where)


def test_the_command_refuses_what_is_for_images(root, tmp_path):
    where = "--folder", tmp_path / "library"
    said = run("index", "add", root, "--recall", "0.9", *where, status=2)
    assert "Texts have no encoder" in said
    said = run("index", "add", root, "--system", "digits", *where, status=2)
    assert "indexed by images, documents, videos; got 'digits'" in said
    assert not (tmp_path / "library").exists()
