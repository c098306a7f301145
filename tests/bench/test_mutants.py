"""Faults made on purpose: each changes the module, and only what it does."""

import ast
from pathlib import Path

import pytest

from lookalike_bench.mutants.faults import faults_of, sample, with_fault
from lookalike_bench.mutants.tests_of import Checkout

ROOT = Path(__file__).parents[2]
MODULE = '''"""About it."""
SIZE = 3

@decorated(1)
def largest(rows, k: int = 2):
    """Not > 1."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k + 0}.")
    ordered = sorted(rows, key=len)
    note(ordered, k)
    return ordered[-k:]
'''


def test_every_fault_is_another_module_that_can_be_read():
    found = faults_of(MODULE)
    plain = ast.unparse(ast.parse(MODULE))
    texts = [with_fault(MODULE, fault.at) for fault in found]
    assert len({plain, *texts}) == len(found) + 1
    assert [(fault.line, fault.kind) for fault in found] == [
        (7, "the condition is turned round"),
        (7, "< becomes <="),
        (7, "1 becomes 2"),
        (9, "key is not passed"),
        (10, "the statement is missing"),
        (10, "two arguments change places"),
        (11, "None is returned"),
    ]
    for text in texts:
        assert "k must be at least 1" in text
        assert "Not > 1." in text


def test_the_draw_is_that_of_its_seed():
    sources = {"a.py": MODULE, "b.py": MODULE.replace("largest", "least")}
    assert sample(sources, 4, 7) == sample(dict(reversed(sources.items())), 4, 7)
    assert len({(name, fault.line) for name, fault in sample(sources, 99)}) == 8


@pytest.mark.parametrize(
    ("module", "first"),
    [
        ("rank/pacing.py", "tests/rank/test_auctions.py"),
        ("search/approximate.py", "tests/search/test_approximate.py"),
        ("systems/places/tagger.py", "tests/systems/places/test_places.py"),
    ],
)
def test_a_module_is_tested_by_what_names_it(module, first):
    chosen = Checkout(ROOT).of(Path("src/lookalike") / module)
    assert chosen[0] == (first,)
    battery = ("tests/systems/test_contract.py", "-k", "places")
    assert (battery in chosen) == module.startswith("systems/places")
