"""Generations that answer beside the current one, as experiments ask for them.

Each is a ``ServedSystem`` of its own whose pointer never moves: with an engine, and
with items, users and events kept up as those of the current generation are.
"""

import logging
import threading
from collections.abc import Iterable
from typing import Any

from lookalike.core.generation import Generation
from lookalike.core.library import Library
from lookalike.core.spec import SystemSpec
from lookalike.service.logs import log
from lookalike.service.runtime import Resources, ServedSystem


class PinnedLibrary(Library):
    """A library of which one generation answers, wherever the pointer is."""

    def __init__(self, library: Library, generation: str) -> None:
        super().__init__(library.name, library.folder)
        self._library = library
        self._generation = generation

    def names(self) -> list[str]:
        """Names of the generations, oldest first."""
        return self._library.names()

    def about(self, number: str) -> dict[str, Any]:
        """Return what a generation says of itself."""
        return self._library.about(number)

    def current(self) -> str | None:
        """Return the one generation."""
        return self._generation

    def pointer(self) -> object:
        """Return what tells whether another generation is to be taken up: never."""
        return self._generation

    def open(self) -> tuple[Generation, str | None]:
        """Return that generation; no earlier one takes its place.

        Raises
        ------
        ValueError, FileNotFoundError
            If it is damaged, or not there.
        """
        return self._library.load(self._generation), None


class Variants:
    """Generations of one system that answer beside the current one.

    Parameters
    ----------
    spec : SystemSpec
    library : Library
    resources : Resources
        As those of the system itself.
    """

    def __init__(
        self, spec: SystemSpec, library: Library, resources: Resources
    ) -> None:
        self._spec = spec
        self._library = library
        self._resources = resources
        self._served: dict[str, ServedSystem] = {}
        self._changing = threading.Lock()

    def keep(self, generations: Iterable[str]) -> dict[str, str]:
        """Load these generations, and let go of all others.

        Returns why a generation cannot answer, by its name; nothing where all can.
        """
        wanted = set(generations)
        problems: dict[str, str] = {}
        with self._changing:
            for name in sorted(wanted - set(self._served)):
                library = PinnedLibrary(self._library, name)
                served = ServedSystem(self._spec, library, self._resources)
                try:
                    served.start()
                except (OSError, ValueError) as error:
                    problems[name] = str(error)
                    about = {"system": self._spec.name, "generation": name}
                    log(logging.ERROR, "variant refused", **about, detail=str(error))
                    continue
                self._served = {**self._served, name: served}
            gone = {n: s for n, s in self._served.items() if n not in wanted}
            self._served = {n: s for n, s in self._served.items() if n in wanted}
        for served in gone.values():
            served.stop()
        return problems

    def get(self, generation: str) -> ServedSystem | None:
        """Return what answers for a generation; None while it is not loaded."""
        return self._served.get(generation)

    def served(self) -> list[ServedSystem]:
        """Return all that answer beside the current one."""
        return list(self._served.values())

    def watch(self) -> None:
        """Take up what changed: items, users, events."""
        for served in self.served():
            served.watch()

    def stop(self) -> None:
        """Answer what waits, and finish."""
        self.keep(())
