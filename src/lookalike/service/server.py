"""Processes: one, or several that share a port, a database and the memory-mapped index.

The workers of one service are started anew by uvicorn, each from what the environment
says; one that is killed is replaced.
"""

import ipaddress
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from lookalike.core.library import Library, find_library, libraries_in
from lookalike.service.app import create_app
from lookalike.service.database import Database
from lookalike.service.draining import drain_on_sigterm
from lookalike.service.logs import configure_logging, log
from lookalike.service.settings import Settings
from lookalike.service.shedding import SheddingProtocol
from lookalike.systems import find_spec, specs

_SERVED = "LOOKALIKE_SERVED"


def libraries_of(names: list[str], folder: Path | None = None) -> dict[str, Library]:
    """Libraries by the name of their system.

    Parameters
    ----------
    names : list of str
        Each is a system, such as "digits", a folder with its generations, or one with
        several systems.
    folder : Path, optional
        Where systems that are named lie; None is the user's own place.

    Raises
    ------
    ValueError
        If it is neither, or a system comes twice.
    """
    found: dict[str, Library] = {}
    for name in names:
        known = name in specs()
        given = [find_library(name, folder)] if known else _libraries(Path(name))
        for library in given:
            find_spec(library.name)
            if library.name in found:
                raise ValueError(f"The system {library.name} is given twice.")
            found[library.name] = library
    return found


def _libraries(folder: Path) -> list[Library]:
    """The libraries in a folder that somebody named."""
    found = [each for several in libraries_in(folder).values() for each in several]
    if not found:
        raise ValueError(
            f"{folder} is no system that is known here, and no folder with a "
            "generation in it; `lookalike train digits` makes one."
        )
    return found


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address; port 0 takes a free one.

    Raises
    ------
    ValueError
        If the address is none of this machine, or is taken.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # Of a name that has both, IPv4: it is what every client tries.
        family, *_, address = min(places, key=lambda each: each[0] != socket.AF_INET)
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
        except OSError:
            found.close()
            raise
    except OSError as error:
        raise ValueError(f"{host}, port {port}: {error.strerror or error}.") from None
    found.set_inheritable(True)  # by the workers
    return found


def address_of(listener: socket.socket) -> str:
    """Return the URL of what listens there."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    libraries: Mapping[str, Library],
    url: str,
    settings: Settings,
    listener: socket.socket,
) -> None:
    """Answer until stopped, at the address that the listener is bound to."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    options: dict[str, Any] = {
        "http": SheddingProtocol,
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": False,  # who sends them is asked for a key, not believed
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 10,
        "limit_concurrency": 1000,  # connections; beyond them 503 without a word
        "backlog": 1024,
    }
    # Threads that compute must not delay the one that answers.
    configure_logging()
    if settings.workers == 1:
        sys.setswitchinterval(0.001)
        app = _app(libraries, url, settings)
        uvicorn.Server(uvicorn.Config(app, **options)).run([listener])
        return
    with tempfile.TemporaryDirectory() as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
        folders = {name: str(each.folder) for name, each in libraries.items()}
        served = {"libraries": folders, "url": url}
        served["settings"] = settings.model_dump(mode="json")
        os.environ[_SERVED] = json.dumps(served)
        config = uvicorn.Config(
            "lookalike.service.server:from_environment",
            factory=True,
            workers=settings.workers,
            timeout_worker_healthcheck=30,  # on a busy machine they start slowly
            **options,
        )
        workers = Multiprocess(config, [listener])
        workers.run()
        if any(each.exitcode == STARTUP_FAILURE for each in workers.processes):
            sys.exit(STARTUP_FAILURE)


def from_environment() -> FastAPI:
    """The application as a worker builds it."""
    sys.setswitchinterval(0.001)
    threading.Thread(target=_exit_with, args=(os.getppid(),), daemon=True).start()
    configure_logging()
    served = json.loads(os.environ[_SERVED])
    settings = Settings(**served["settings"])
    libraries = {name: Library(name, f) for name, f in served["libraries"].items()}
    return _app(libraries, served["url"], settings)


def _app(libraries: Mapping[str, Library], url: str, settings: Settings) -> FastAPI:
    """The application, or one line of the log that says why there is none."""
    try:
        app = create_app(libraries, Database(url, settings.durability), settings)
        drain_on_sigterm(app, app.state.components.drain, settings.drain_seconds)
        return app
    except (ValueError, OSError, ImportError, MemoryError) as error:
        log(logging.ERROR, "cannot start", reason=str(error) or type(error).__name__)
        sys.exit(STARTUP_FAILURE)


def _exit_with(parent: int) -> None:
    """End when the process that started the workers is gone and cannot stop them."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
