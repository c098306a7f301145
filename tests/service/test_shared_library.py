"""A library that several services share: names, files, retention, damage."""

import shutil

import pytest

from lookalike.core.generation import Damaged, save
from lookalike.core.library import Library
from lookalike.service.database.experiments import start
from lookalike.service.database.migrate import open_database
from lookalike.service.database.registry import acting
from lookalike.service.generation_store import BucketStore
from lookalike.service.served_experiment import shadow
from lookalike.service.shared_library import SharedLibrary, library_at, place_of


@pytest.fixture
def database(tmp_path):
    found = open_database(f"sqlite:///{tmp_path}/lookalike.db")
    yield found
    found.close()


@pytest.fixture
def make(tmp_path, database):
    """Build the library as a service of this name has it."""

    def make(name, keep=5, store=None):
        folder = tmp_path / name
        own = Library("toy", folder / "own")
        where = store or str(tmp_path / "store")
        return SharedLibrary(own, database, where, folder / "state", keep)

    return make


def write(size):
    return lambda place: save(place, "toy", {}, {"size": size})


def test_a_name_is_the_same_content_for_every_service(make):
    a, b = make("a"), make("b")
    with acting("ann", "to see"):
        assert [a.add(write(1)), b.add(write(2)), a.add(write(3))] == [
            *("0001", "0002", "0003")
        ]
    assert b.names() == a.names() == ["0001", "0002", "0003"]
    assert b.open()[0].about["size"] == 3
    assert b.rollback() == "0002"
    assert a.open()[0].about["size"] == 2
    assert a.current() == "0002"
    assert {each["author"] for each in a.listed()} == {"ann"}
    assert [move["generation"] for move in a.moves()][:2] == ["0002", "0003"]
    # The same content is the same generation, whoever brings it.
    assert b.bring(a.place("0003")) == "0003"
    again = library_at("toy", place_of(b), a._database)
    assert again.current() == "0002"
    assert again.folder == b.folder


def test_retention_spares_what_answers_and_what_is_named(make, database, tmp_path):
    a, b = make("a", keep=3), make("b", keep=3)
    for size in range(3):
        a.add(write(size))
    b.open()
    with database.writing() as connection:
        start(connection, shadow("try", "toy", "0001"))
    for size in range(3, 8):
        a.add(write(size), answers=False)
    # 0003 answers, 0002 is what a rollback leads to, 0001 is in an experiment.
    assert a.names() == ["0001", "0002", "0003", "0006", "0007", "0008"]
    assert len(list((tmp_path / "store" / "generations").iterdir())) == 6
    states = {each["name"]: each["state"] for each in a.listed()}
    assert states["0004"] == "retired"
    with pytest.raises(Damaged, match="no generation '0004'"):
        b.place("0004")
    a.activate("0008")
    a.add(write(9), answers=False)
    assert a.names() == ["0001", "0007", "0008", "0009"]
    b.open()
    b.tidy()
    assert Library.names(b) == ["0008"]
    assert a.add(write(10)) == "0010"  # a name is never given again


def test_files_that_are_damaged_here_come_anew_from_the_store(make, tmp_path):
    a, b = make("a"), make("b")
    a.add(write(1))
    a.add(write(2))
    b.open()
    (b.folder / "0002" / "system.json").write_text("{}")
    assert b.open() == (b.load("0002"), None)
    for place in (tmp_path / "store" / "generations").iterdir():
        if place.name == a.listed()[1]["digest"]:
            shutil.rmtree(place)
    shutil.rmtree(b.folder / "0002")
    found, complaint = b.open()
    assert found.about["size"] == 1
    assert "0002 is not in the store. Generation 0001 answers instead." in complaint


def test_what_one_machine_had_is_shared_under_its_names(make):
    a, b = make("a"), make("b")
    for size in range(3):
        a.own.add(write(size))
    b.own.add(write("other"))
    a.own.activate("0002")
    for each in (a, a, b):  # a second time is a restart
        each.join()
    assert b.names() == ["0001", "0002", "0003"]
    assert b.open()[0].about["size"] == 1
    seen = b.pointer()
    assert a.pointer() == seen
    b.own.add(write("new"))  # as `lookalike train` does
    assert a.pointer() == seen
    assert b.pointer() != seen
    assert a.open()[0].about["size"] == "new"
    assert a.current() == "0004"


def test_a_bucket_keeps_generations_too(make):
    pytest.importorskip("fsspec")
    store = "memory://shop/store"
    a, b = make("a", 1, store), make("b", 1, store)
    for size in range(3):
        a.add(write(size))
    assert b.open()[0].about["size"] == 2
    assert b.names() == ["0002", "0003"]
    bucket = BucketStore(store)
    with pytest.raises(FileNotFoundError):
        bucket.fetch(a.listed()[0]["digest"], b.folder / "gone")
    bucket.remove("never there")
