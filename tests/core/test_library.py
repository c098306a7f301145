"""Which systems a folder holds: one, several, none, or what cannot be read."""

import pytest

from lookalike.core.generation import save
from lookalike.core.library import Library, find_library, libraries_in, system_of


def made(folder, name, n=1):
    library = Library(name, folder)
    for _ in range(n):
        library.add(lambda place: save(place, name, {}, {}))
    return library


def found(folder):
    return {
        name: [e.folder for e in each] for name, each in libraries_in(folder).items()
    }


def test_a_generation_a_library_and_a_folder_of_libraries_are_told_apart(tmp_path):
    made(tmp_path / "digits", "digits", 2)
    made(tmp_path / "a shop", "shop")
    (tmp_path / "notes.txt").write_text("no system")
    (tmp_path / "empty").mkdir()
    digits, shop = tmp_path / "digits", tmp_path / "a shop"
    assert found(digits / "0001") == found(digits) == {"digits": [digits]}
    assert found(tmp_path) == {"digits": [digits], "shop": [shop]}
    assert found(tmp_path / "empty") == found(tmp_path / "missing") == {}


def test_the_users_own_place_holds_libraries_by_their_names(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOKALIKE_FOLDER", raising=False)
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert libraries_in() == {}
    made(None, "digits")
    assert list(libraries_in()) == ["digits"]
    assert find_library("digits").folder == libraries_in()["digits"][0].folder


def test_the_place_that_the_variable_names_holds_one_system_after_another(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("LOOKALIKE_FOLDER", str(tmp_path / "systems"))
    for name in ("shop", "photos"):
        library = find_library(name)
        assert library.folder == tmp_path / "systems" / name
        made(library.folder, name)
    assert list(libraries_in()) == ["photos", "shop"]
    # A copy beside it does not hide the one that bears the system's name.
    made(tmp_path / "systems" / "older shop", "shop")
    assert find_library("shop").folder == tmp_path / "systems" / "shop"


def test_a_system_is_looked_for_and_a_new_one_gets_its_place(tmp_path):
    assert find_library("digits", tmp_path / "new").folder == tmp_path / "new"
    one = made(tmp_path / "home" / "one", "digits")
    home = tmp_path / "home"
    assert find_library("digits", home).folder == one.folder
    assert find_library("digits", one.folder / "0001").folder == one.folder
    assert find_library("shop", home).folder == home / "shop"
    for place in (one.folder, one.folder / "0001"):
        with pytest.raises(ValueError, match="holds generations of digits; shop needs"):
            find_library("shop", place)
    made(home / "two", "digits")
    with pytest.raises(ValueError, match="several folders of digits: one, two"):
        find_library("digits", home)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is no folder"):
        find_library("digits", tmp_path / "file")


def test_the_newest_generation_that_says_a_name_counts(tmp_path):
    library = made(tmp_path, "digits", 3)
    (library.folder / "0003" / "system.json").write_bytes(b"\xff[[")
    (library.folder / "0002" / "system.json").write_text('["no object"]')
    assert system_of(library.folder) == "digits"
    (library.folder / "0001" / "system.json").unlink()
    assert system_of(library.folder) is None
