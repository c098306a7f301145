"""The stand-ins of programs are processes like the programs themselves."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def test_a_stand_in_has_the_words_streams_folder_and_status_of_its_program(
    programs, tmp_path
):
    code = "import os, sys; print(*sys.argv[1:], sys.stdin.read(), os.getcwd()); 1 / 0"
    asked = [programs / "python", "-c", code, "a b"]
    told = {"cwd": tmp_path, "env": {**os.environ, "OWN": "c"}, "input": "typed"}
    done = subprocess.run(asked, capture_output=True, text=True, **told)
    assert done.stdout == f"a b typed {tmp_path}\n"
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert done.returncode == 1
    code = "import os, sys; sys.exit(len(os.environ['OWN']) + 6)"
    done = subprocess.run([programs / "python", "-c", code], env=told["env"])
    assert done.returncode == 7
    done = subprocess.run(
        [programs / "lookalike", "classify", "none.png"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_a_stand_in_ends_its_program(programs, number):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    asked = [programs / "python", "-c", code]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as running:
        pid = int(running.stdout.readline())
        running.send_signal(number)
        assert running.wait() == -number
    until = time.monotonic() + 30
    while _is_there(pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def _is_there(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
