"""A system's description: members by name, data sets, options, what it refuses."""

import sys
import types

import pytest

from lookalike.core.spec import SystemSpec
from lookalike.systems import specs


class Toy:
    def __init__(self, size=3, n_jobs=None):
        self.size, self.n_jobs = size, n_jobs


def missing():
    raise FileNotFoundError("big is nowhere")


@pytest.fixture
def spec(monkeypatch):
    module = types.ModuleType("toy_parts")
    module.Toy, module.big, module.small = Toy, missing, lambda: "small data"
    module.own = lambda path: f"own data of {path}"
    monkeypatch.setitem(sys.modules, "toy_parts", module)
    return SystemSpec(
        name="toy",
        title="Toy",
        lead="",
        system="toy_parts:Toy",
        evaluation="toy_parts:evaluate",
        card="toy_parts:card",
        inputs="toy_parts:inputs",
        capabilities=("classify", "explain"),
        datasets={"big": "toy_parts:big", "small": "toy_parts:small"},
        own_data="toy_parts:own",
        own_data_form="a file",
        extras=("deep", "vision"),
    )


def test_the_second_data_set_is_used_with_a_warning(spec):
    said = []
    assert spec.find_data(None, said.append) == "small data"
    assert said == [
        "The data set big is not here (`lookalike data get big`); using small."
    ]


def test_a_data_set_is_found_by_name_and_own_data_by_path(spec, tmp_path):
    (tmp_path / "mine.txt").touch()
    assert spec.find_data("small") == "small data"
    assert spec.find_data(str(tmp_path / "mine.txt")).startswith("own data of ")
    with pytest.raises(FileNotFoundError, match="big is nowhere"):
        spec.find_data("big")
    with pytest.raises(ValueError, match=r"one of big, small, or a file; got 'other'"):
        spec.find_data("other")


def test_options_are_those_of_the_constructor(spec):
    assert spec.new({"size": 5}, n_jobs=2).__dict__ == {"size": 5, "n_jobs": 2}
    for option in ("depth", "n_jobs"):
        with pytest.raises(ValueError, match=f"options of toy are size; got '{option}"):
            spec.new({option: 1})


def test_what_a_system_cannot_do_is_refused_in_a_sentence(spec):
    spec.check_can("classify")
    with pytest.raises(ValueError, match="toy has no search; it has classify, explain"):
        spec.check_can("search")


def test_a_missing_extra_is_named(spec, monkeypatch):
    monkeypatch.setitem(sys.modules, "toy_parts", None)
    with pytest.raises(ImportError, match=r"pip install 'lookalike\[deep,vision\]'"):
        _ = spec.system_class


@pytest.mark.parametrize("name", specs())
def test_a_package_exports_the_class_of_its_system(name):
    package = sys.modules[f"lookalike.systems.{name}"]
    kind = package.SPEC.system_class
    assert getattr(package, kind.__name__) is kind
    with pytest.raises(AttributeError, match=f"system {name} has no 'Nothing'"):
        _ = package.Nothing
