"""Programs that begin with everything imported, as forks of a process that waits.

Half of what a short command costs is the import of scientific Python, seconds of
processor time, and the tests start a hundred of them. ``programs`` makes a folder with
stand-ins of ``lookalike`` and ``python``. Each hands its words, its folder, its
environment and its three streams to the process that waits, whose fork does the rest:
a process of its own, with its own exit status and signals. A stand-in that is killed
takes its program with it.

What only a new interpreter can show, such as an import that is missing, is tested
with the true programs elsewhere, and with everything else by ``make soak``.
"""

import array
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import struct
import sys

_STAND_IN = """\
#!{python} -IS
import sys
sys.path.insert(0, {tests!r})
from forked import ask
sys.exit(ask({address!r}, {name!r}))
"""
_HEAD = struct.Struct("q")
_HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextlib.contextmanager
def programs(folder):
    """Fill an empty folder with the stand-ins, and start the process that waits."""
    import subprocess

    address = str(folder / "socket")
    for name in ("lookalike", "python"):
        about = {"python": sys.executable, "tests": os.path.dirname(__file__)}
        path = folder / name
        path.write_text(_STAND_IN.format(address=address, name=name, **about))
        path.chmod(0o755)
    command = [sys.executable, __file__, address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as waiting:  # its end closes its input
        assert waiting.stdout.readline() == b"ready\n"
        yield


# --- the stand-in ---------------------------------------------------------------------


def ask(address, name):
    """Have a program run with our words and streams; return its exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDED_ON)
    job = {
        "words": [name, *sys.argv[1:]],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
    }
    sent = json.dumps(job).encode()
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(address)
        streams = array.array("i", [0, 1, 2])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)]
        asked.sendmsg([_HEAD.pack(len(sent))], rights)
        asked.sendall(sent)
        (pid,) = _HEAD.unpack(_received(asked, _HEAD.size))
        for number in _HANDED_ON:
            signal.signal(number, lambda number, _: os.kill(pid, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDED_ON)
        (status,) = _HEAD.unpack(_received(asked, _HEAD.size))
    if status < 0:  # killed by a signal, and so are we
        with contextlib.suppress(OSError):  # of SIGKILL
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def _received(connection, n):
    found = b""
    while len(found) < n:
        part = connection.recv(n - len(found))
        if not part:
            raise EOFError("The process that starts programs is gone.")
        found += part
    return found


# --- the process that waits -----------------------------------------------------------


def wait(address):
    """Fork for each that asks, until our input is closed; a fork returns its job."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    ended, told = socket.socketpair()
    for each in (ended, told):
        each.setblocking(False)
    signal.set_wakeup_fd(told.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running = {}  # process: connection of who asked
    with selectors.DefaultSelector() as waited:
        for each in (listener, ended, sys.stdin):
            waited.register(each, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in waited.select():
                if key.fileobj is sys.stdin:
                    for pid in running:
                        os.kill(pid, signal.SIGKILL)
                    sys.exit()
                elif key.fileobj is ended:
                    ended.recv(4096)
                    _tell_of_ended(running, waited)
                elif key.fileobj is listener:
                    connection, _ = listener.accept()
                    job, streams = _asked(connection)
                    pid = os.fork()
                    if pid == 0:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        for each in (connection, listener, ended, told):
                            each.close()
                        for each in running.values():
                            each.close()
                        return job, streams
                    for stream in streams:
                        os.close(stream)
                    running[pid] = connection
                    waited.register(connection, selectors.EVENT_READ, pid)
                    connection.sendall(_HEAD.pack(pid))
                elif key.data in running:  # who asked is gone: killed
                    waited.unregister(key.fileobj)
                    os.kill(key.data, signal.SIGKILL)


def _asked(connection):
    """Read the job that is sent on a connection, and the streams that come with it."""
    space = socket.CMSG_SPACE(3 * array.array("i").itemsize)
    head, [(_, _, sent)], *_ = connection.recvmsg(_HEAD.size, space)
    streams = array.array("i", sent)
    return json.loads(_received(connection, *_HEAD.unpack(head))), list(streams)


def _tell_of_ended(running, waited):
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        connection = running.pop(pid)
        with contextlib.suppress(KeyError):
            waited.unregister(connection)
        with contextlib.suppress(OSError):  # it was killed, and nobody asks
            connection.sendall(_HEAD.pack(os.waitstatus_to_exitcode(status)))
        connection.close()


def import_everything():
    """Import what programs need: all but Torch and Matplotlib, which few of them do."""
    import importlib
    import pkgutil

    for room in ("cli", "datasets", "service", "systems"):
        package = importlib.import_module(f"lookalike.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                with contextlib.suppress(ImportError):  # an extra that is not here
                    importlib.import_module(found.name)


def run(job, streams):
    """Be the program of a job."""
    import runpy
    import types

    import numpy as np

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(job["folder"])
    own = job["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [path for path in own if path and path not in sys.path]
    os.environ.clear()
    os.environ.update(job["environment"])
    np.random.seed()  # noqa: NPY002  others' forks began with the same state
    name, *words = job["words"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    if name == "lookalike":
        from lookalike.cli import main

        sys.argv = [name, *words]
        main()
    elif words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path.insert(0, "")
        exec(compile(words[1], "<string>", "exec"), vars(sys.modules["__main__"]))
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    own = sys.modules["__main__"]  # kept: it is what runs
    import_everything()
    gc.freeze()
    run(*wait(sys.argv[1]))
