"""The kernels are Python too: their tests also pass with compilation off."""

import os
import subprocess
import sys
from pathlib import Path

NEVER_RUN = {
    "kernels.bounds._panel_of_int16": "calls instructions of the processor",
    "kernels.byte_products": "serves an instruction of the processor",
    "kernels.inverted_file_calls": "reads addresses, and calls instructions",
    "kernels.distances.chosen_distances": "compares bytes, where they are compiled",
    "kernels.tree._doubled": "makes room for trees of thousands of leaves",
    "kernels.tree.leaves_of": "one loop over all rows, compared where it is compiled",
}


def test_every_kernel_equals_its_definition_without_compilation():
    program = Path(__file__).with_name("without_jit.py")
    run = subprocess.run(
        [sys.executable, program],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "LOOKALIKE_DATA": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    never_ran = run.stdout.splitlines()[-1].removeprefix("never ran:").split()
    surprising = [name for name in never_ran if not name.startswith(tuple(NEVER_RUN))]
    assert surprising == []
