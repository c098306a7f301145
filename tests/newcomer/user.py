"""A new user: an empty folder, the command line, and requests over HTTP.

Nothing of lookalike is imported: what is done here is what anybody can do.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path


class User:
    """Somebody who works in a folder with an installed lookalike.

    folder : where the user's files lie and the commands are run
    python : the Python of the environment in which lookalike is installed
    """

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.program = str(Path(python).with_name("lookalike"))
        self.began = time.monotonic()
        self.seconds: float | None = None
        # Settings of the machine that runs this are not the user's.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("LOOKALIKE_")}
        self.environment = kept | {"LOOKALIKE_FOLDER": str(folder / "systems")}
        self._port = 0

    def run(self, *words: object, fails: bool = False) -> str:
        """Type ``lookalike WORDS``; returns what it prints."""
        typed = [self.program, *map(str, words)]
        done = subprocess.run(
            typed,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        told = f"{' '.join(typed)}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in told, told
        assert (done.returncode != 0) == fails, told
        return done.stderr if fails else done.stdout

    def json(self, *words: object) -> dict:
        """Type a command with ``--json``; returns what it prints, parsed."""
        return json.loads(self.run(*words, "--json"))

    def first_answer(self) -> None:
        """Note that the first answer about the user's own things is there."""
        if self.seconds is None:
            self.seconds = time.monotonic() - self.began

    @contextmanager
    def serving(self, *words: object):
        """Type ``lookalike serve WORDS`` and stop it afterwards."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        log = self.folder / "serve.log"
        with log.open("ab") as stream:
            typed = [self.program, "serve", *map(str, words), "--port", str(self._port)]
            service = subprocess.Popen(
                typed,
                cwd=self.folder,
                env=self.environment,
                stdout=stream,
                stderr=stream,
            )
        try:
            self._wait_until_ready(service, log)
            yield
        finally:
            service.terminate()
            service.wait(30)

    def _wait_until_ready(self, service: subprocess.Popen, log: Path) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and service.poll() is None:
            try:
                if self._answer("GET", "/readyz", None, {})[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(log.read_text())

    def _answer(self, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask(self, path, body=None, *, method=None, kind="application/json", status=200):
        """Send a request; returns its answer, parsed. JSON unless the body is bytes."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body)
        method = method or ("GET" if body is None else "POST")
        headers = {"content-type": kind} if body is not None else {}
        got, answer = self._answer(method, path, sent, headers)
        assert got == status, f"{method} {path}: {got} {answer[:1000]!r}"
        return json.loads(answer) if answer else None

    def until(self, condition, seconds=120.0):
        """Ask again until the condition holds; returns its value."""
        end = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < end, "It never came to be."
            time.sleep(0.1)
        return value
