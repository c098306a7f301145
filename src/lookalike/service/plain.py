"""Any other saved system: what it answers to files, and why, through its own verbs.

Such a system has no items that come and go; it has ``read``, ``answer`` and
``explain`` (see ``lookalike.core.verbs``), and a library of generations that is
watched like that of any other.
"""

import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.core.generation import Generation
from lookalike.core.library import Library
from lookalike.service.log import Log
from lookalike.service.metrics import Metrics
from lookalike.systems import find_system


@dataclass(frozen=True)
class Answering:
    """A generation that answers."""

    name: str
    system: Any


class Plain:
    """A system that is asked through its own verbs, one request at a time."""

    active: Answering
    verbs = ("classify", "explain")

    def __init__(self, library: Library, metrics: Metrics, log: Log) -> None:
        self.name = library.name
        self.library = library
        self._metrics = metrics
        self._log = log
        self._asking = threading.Lock()
        self._pointer: Any = None

    def open(self) -> None:
        """Load the generation that the pointer names, or the newest whole before it."""
        found = self._found()
        before = getattr(self, "active", None)
        if before is None or before.name != found.folder.name:
            self._take_up(found)

    def _found(self) -> Generation:
        self._pointer = self._look()
        found, complaint = self.library.open()
        if complaint:
            self._metrics.damaged.labels(self.name).inc()
            self._log.write("error", "generation damaged", detail=complaint)
        return found

    def _take_up(self, found: Generation) -> None:
        system = find_system(self.name).load(found)
        self.active = Answering(found.folder.name, system)
        self._metrics.swaps.labels(self.name).inc()

    def watch(self) -> None:
        """Take up another generation if the pointer moved."""
        if self._look() != self._pointer:
            self._try(self.open)

    def reload(self) -> None:
        """Load the generation again, with what lies beside it now."""
        self._try(lambda: self._take_up(self._found()))

    def _try(self, take_up: Callable[[], None]) -> None:
        """What answers goes on answering where the next cannot."""
        try:
            take_up()
        except (OSError, ValueError) as error:
            self._metrics.damaged.labels(self.name).inc()
            self._log.write("error", "generation refused", detail=str(error))

    def answer(self, files: list[bytes]) -> dict[str, Any]:
        """What the system says of these files."""
        with tempfile.TemporaryDirectory() as folder, self._asking:
            active = self.active
            names, queries = self._read(active.system, files, Path(folder))
            found = active.system.answer(names, queries)
        return {"generation": active.name, "answers": found}

    def explain(self, file: bytes) -> dict[str, Any]:
        """What it says of one file, and why."""
        with tempfile.TemporaryDirectory() as folder, self._asking:
            active = self.active
            names, queries = self._read(active.system, [file], Path(folder))
            told = active.system.explain(names[0], queries[0])
        return {
            "generation": active.name,
            "answer": told.answer,
            "reasons": list(told.reasons),
        }

    def _read(
        self, system: Any, files: list[bytes], folder: Path
    ) -> tuple[list[str], Any]:
        paths = [folder / str(n) for n in range(len(files))]
        for path, file in zip(paths, files, strict=True):
            path.write_bytes(file)
        try:
            _, queries = system.read(paths)
        except ValueError as error:
            # The sentence names our file; who sent it knows it by its place.
            text = str(error).replace(f"{folder}/", "image ")
            raise ValueError(text) from None
        return [str(n) for n in range(len(files))], queries

    def _look(self) -> Any:
        try:
            status = (self.library.folder / "current").stat()
        except FileNotFoundError:
            return tuple(self.library.names())
        return status.st_mtime_ns, status.st_ino
