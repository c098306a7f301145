"""Servers in processes of their own, under the load of another process."""

import base64
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from lookalike_bench.arrays import Array
from lookalike_bench.bars import Row

SECONDS = 4.0
CONNECTIONS = 32
SCRIPTS = Path(__file__).parents[1]
BOUNDARY = "lookalike"


class Server:
    """A server in a process of its own."""

    def __init__(self, command: list[str], env: dict[str, str], ready: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [word.replace("PORT", str(self.port)) for word in command]
        self.process = subprocess.Popen(
            command, env={**os.environ, **env}, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError, AssertionError):
                assert self.ask("GET", ready)[0] == 200
                return
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} did not start.")
            time.sleep(0.1)

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Send one request; return status and answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
            connection.request(method, path, body, {"content-type": kind})
            answer = connection.getresponse()
            read = answer.read()
            return answer.status, json.loads(read) if read[:1] == b"{" else read

    def change(self, path: str, body: Any) -> None:
        """Send a change; a refused one ends the benchmark."""
        status, answer = self.ask("POST", path, body)
        if status >= 300:
            raise RuntimeError(f"{path} was refused with status {status}: {answer}")

    @property
    def megabytes(self) -> float:
        """Private memory of the process."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as lines:
            kinds = dict(line.split(":", 1) for line in lines if ":" in line)
        own = ("Private_Clean", "Private_Dirty")
        return sum(int(kinds[kind].split()[0]) for kind in own) / 1024

    def load(
        self,
        path: str,
        body: bytes,
        kind: str = "application/json",
        rate: float | None = None,
        connections: int = CONNECTIONS,
        seconds: float = SECONDS,
    ) -> dict[str, Any]:
        """Put the server under load from another process, see ``load_generator.py``."""
        order = {
            "host": "127.0.0.1",
            "port": self.port,
            "path": path,
            "body": base64.b64encode(body).decode(),
            "content_type": kind,
            "connections": connections,
            "seconds": seconds,
            "rate": rate,
            "first": time.time_ns() // 1000 % 10**11,
        }
        done = subprocess.run(
            [sys.executable, str(SCRIPTS / "load_generator.py")],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(done.stdout))

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        self.process.kill()
        self.process.wait()


def serve_command(library: Path) -> list[str]:
    """Return the command that serves a library at the port PORT, see ``Server``."""
    code = "from lookalike.cli import main; main()"
    return [sys.executable, "-c", code, "serve", str(library), "--port", "PORT"]


@contextlib.contextmanager
def served(name: str, save: Callable[[Path], Any]) -> Iterator[Server]:
    """Serve a generation of a system, which ``save`` writes, until the block ends."""
    from lookalike.core.library import Library

    with tempfile.TemporaryDirectory() as folder:
        library = Library(name, Path(folder) / name)
        library.add(save)
        server = Server(serve_command(library.folder), {}, "/readyz")
        try:
            yield server
        finally:
            server.stop()


class Bench:
    """A generation, the two servers, and requests."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds

    def __enter__(self) -> "Bench":
        from lookalike.datasets import load_digits_sample, load_mnist

        try:
            data = load_mnist()
        except FileNotFoundError:
            data = load_digits_sample()
        self.queries = data.x_test[::7][:200]
        library = self.folder / "library"
        self._two_generations(library, data)
        self.ours = Server(serve_command(library), {}, "/readyz")
        plain = [sys.executable, "-m", "uvicorn", "plain_service:app"]
        plain += [
            "--port",
            "PORT",
            "--app-dir",
            str(SCRIPTS),
            "--log-level",
            "critical",
        ]
        env = {"GENERATION": str(library / "0001"), "FAISS_THREADS": "1"}
        self.plain = Server(plain, env, "/openapi.json")
        return self

    def __exit__(self, *error: object) -> None:
        self.ours.stop()
        self.plain.stop()

    def _two_generations(self, folder: Path, data: Any) -> None:
        from lookalike.core import generation
        from lookalike.core.library import Library
        from lookalike.systems.digits.system import Digits

        library = Library("digits", folder)
        library.add(Digits(n_jobs=-1).fit(data).save)
        found = generation.load(folder / "0001", "digits")
        about = dict(found.about)
        for key in ("files", "format", "name", "version", "created"):
            about.pop(key, None)
        library.add(lambda path: generation.save(path, "digits", found.arrays, about))
        library.activate("0001")


def png(image: Array) -> bytes:
    """Encode an image."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def form(images: list[bytes]) -> tuple[bytes, str]:
    """Return the body and the content type of a request with these files."""
    parts = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="image"; filename="q.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%s\r\n" % (BOUNDARY.encode(), image)
        for image in images
    )
    body = parts + f"--{BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={BOUNDARY}"


def load_row(method: str, found: dict[str, Any], **more: Any) -> Row:
    """Return the row of a load: rate, percentiles in milliseconds, failed requests."""
    numbers = {key: found[key] for key in ("per_second", "p50", "p95", "p99")}
    return {"method": method, **numbers, "failed": n_failed(found), **more}


def n_failed(found: dict[str, Any]) -> int:
    """Return how many answers of a load had another status than 200."""
    return sum(n for status, n in found["statuses"].items() if status != "200")
