"""The first answers of a service wait for no compiler."""

import subprocess
import sys

PROGRAM = """
import gc, sys
import numpy as np
from numba.core.registry import CPUDispatcher
from lookalike.core.items import Item
from lookalike.systems.digits.system import Digits

def n_compiled():
    found = [each for each in gc.get_objects() if isinstance(each, CPUDispatcher)]
    return sum(len(each.signatures) for each in found)

system = Digits.load(sys.argv[1])
system.warm_up()
before = n_compiled()
query = system.check_query(np.array(system.items_.base_images[0]))
system.search_each([query])
vector = np.array(system.items_.base_vectors[0])
system.items_.apply([Item("new", label=1, vector=vector, revision=1)])
system.search_each([query])
system.classify_each([query, query])
print(before > 0, n_compiled() - before)
"""


def test_nothing_is_compiled_once_a_system_is_warm(saved):
    """In a process of its own: what another test has compiled would hide it."""
    words = [sys.executable, "-c", PROGRAM, str(saved)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "True 0\n"
