"""The base class of systems: saving, loading and the check that something is fitted."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Self

from sklearn.exceptions import NotFittedError

from lookalike._typing import Array
from lookalike.core import generation
from lookalike.core.evaluation import EvaluationResult
from lookalike.core.generation import Damaged, Generation
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress


class BaseSystem(ABC):
    """A system that learns, and that one folder holds.

    A subclass stores its parameters in ``__init__`` under their names and does nothing
    else there. ``fit`` learns and sets ``manifest_``; ``state`` and ``restore`` say
    what a generation keeps.

    Attributes
    ----------
    manifest_ : Manifest
        How the system was made and, once it was loaded, how good it was found to be.
    """

    name: ClassVar[str]
    unsaved_options: ClassVar[tuple[str, ...]] = ()
    """Parameters that only learning depends on, left out of the manifest."""

    manifest_: Manifest
    n_jobs: int | None

    @abstractmethod
    def fit(self, data: Any, on_progress: ProgressCallback = no_progress) -> Self:
        """Learn from a data set."""

    def refit(self, data: Any, on_progress: ProgressCallback = no_progress) -> Self:
        """Return the system that answers: it also knows what was held out to measure.

        This one, which was measured, stays as it is. A system that is measured on a
        test part of its publisher's keeps it apart, and is itself the answer.
        """
        return self

    def before_refit(self, data: Any) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned.

        ``data`` is what both learned from.
        """
        return self

    @property
    def is_refitted(self) -> bool:
        """Whether the system knows what was held out to measure it."""
        return self.manifest_.refitted

    def mark_refitted(self, refitted: bool) -> None:
        """Let the manifest say whether the system is what ``refit`` returns."""
        self.manifest_ = replace(self.manifest_, refitted=refitted)

    @abstractmethod
    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return everything that answers depend on: arrays, and a JSON document.

        Arrays may be memory-mapped again; the document becomes ``manifest_.state``.
        """

    @abstractmethod
    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned; ``manifest_`` and parameters are set.

        Raises
        ------
        KeyError, TypeError, ValueError, RuntimeError
            If the arrays make no such system.
        """

    def check_query(self, query: Any) -> Any:
        """Return one decoded input as the batch methods take it, or refuse it."""
        return query

    def warm_up(self) -> None:  # noqa: B027 - most systems need nothing
        """Compile and touch what the first answer needs."""

    def has_item(self, id: str) -> bool:
        """Whether an item has this id; True where that is not known.

        A system that searches, recommends or ranks knows. Where it says True what was
        done with the item is kept when a user of the same id is deleted.
        """
        return True

    def check_fitted(self) -> None:
        """Refuse to answer before there is something to answer from."""
        if not hasattr(self, "manifest_"):
            raise NotFittedError(
                f"{type(self).__name__} must be fitted or loaded before it answers."
            )

    def configuration(self) -> dict[str, Any]:
        """Return the parameters that a generation keeps."""
        left_out = {"n_jobs", *self.unsaved_options}
        names = [n for n in signature(type(self)).parameters if n not in left_out]
        return {name: getattr(self, name) for name in names}

    def new_manifest(
        self, data: Any, facts: Mapping[str, Any], **more: Any
    ) -> Manifest:
        """Return the manifest of a system that has just learned from ``data``."""
        about = {"name": data.name, "checksum": data.checksum}
        for more_of in ("options", "live_events"):
            found = dict(getattr(data, more_of, {}))
            if found:
                about[more_of] = found
        return Manifest(self.configuration(), about, dict(facts), **more)

    def save(
        self,
        folder: str | os.PathLike[str],
        result: EvaluationResult | None = None,
    ) -> Path:
        """Write the system as a generation, complete or not at all.

        ``result`` is what evaluating it has shown; the card tells it from then on.
        """
        self.check_fitted()
        arrays, document = self.state()
        manifest = replace(self.manifest_.with_evaluation(result), state=document)
        return generation.save(folder, self.name, arrays, manifest.document())

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run.

        Raises
        ------
        Damaged
            (A ValueError.) If the folder is not, or no longer, what was written.
        """
        found = folder
        if not isinstance(found, Generation):
            found = generation.load(found, cls.name)
        try:
            manifest = Manifest.of(found.about)
            options = {**manifest.configuration, "n_jobs": n_jobs}
            system = cls(**options)
            system.manifest_ = manifest
            system.restore(found.arrays, manifest.state)
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(
                f"{found.folder} holds no system of {cls.name}: {error}"
            ) from None
        return system
