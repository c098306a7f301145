"""A system's description of itself: what it is, what it takes, what it can do.

Every system package has a ``SPEC``. Its members are named as "module:attribute" and
imported when they are needed, so that listing systems loads none of them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import getfile, signature
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from lookalike.core.progress import (
    ProgressCallback,
    WarningCallback,
    no_progress,
    no_warning,
    share_of,
    stage_of,
)

if TYPE_CHECKING:
    from lookalike.core.card import Card
    from lookalike.core.evaluation import EvaluationResult
    from lookalike.core.inputs import Inputs
    from lookalike.evaluate.report import Report


@dataclass(frozen=True)
class SystemSpec:
    """What a system says of itself.

    Parameters
    ----------
    name : str
        As on the command line and in addresses: letters a-z, digits, "_".
    title : str
        Of its report: what it does, in a few words.
    lead : str
        One sentence under the title.
    system : str
        "module:Class", a subclass of ``core.base.BaseSystem``; ``card.md`` is beside
        that module.
    evaluation : str
        "module:function", called with the fitted system, the data and a progress
        callback; returns an ``EvaluationResult`` and changes nothing of the system.
    card : str
        "module:function", called with the system and its manifest; returns values for
        the named places in ``card.md``.
    inputs : str
        "module:attribute", the ``Inputs`` that decode what users send.
    capabilities : tuple of str
        Keys of ``core.contracts.CAPABILITIES``.
    datasets : mapping of str to str
        "module:function" of each data set by name. The first is the default;
        where it is not here the second is used, with a warning. Where there are none,
        the user's own are needed.
    own_data : str, optional
        "module:function" that reads a user's own data from a path. Where it has a
        parameter ``on_progress``, it is given a ``ShareCallback``.
    own_data_form : str
        What that path must be, such as "an .npz file".
    own_data_options : tuple of str
        Keywords that ``own_data`` takes beside the path.
    live_data : str, optional
        "module:function" that joins a data set with what a service's users did, and
        with items that came and went; see ``service.retraining``.
    comparison : str, optional
        "module:function", called with the system that answers, one that has just
        learned and the data of the latter; returns a ``Comparison`` on what is held
        out, whose difference is positive where the new one is better.
    old_slice : str, optional
        "module:function", called with data of ``live_data`` and the log that they were
        made of; returns the data with that held out that was held out of the log.
    report : str, optional
        "module:function" that adds the system's own sections to the report; called
        with the report, the system, the data and the evaluation.
    answer : str, optional
        "module:Class" of the answers of ``classify_each`` or ``classify_as``, a
        dataclass.
    extras : tuple of str
        Extras of the package without which it cannot learn or answer.
    items_are_users : bool
        Whether what is recommended are users themselves: a user who is deleted is then
        to be taken out of lists that others were shown, too.
    masks_inputs : bool
        Whether inputs may be abuse: the command line then shows them with their letters
        left out, unless it is told ``--reveal``.
    shows_once : bool
        Whether a service shows a user no item twice, whatever is asked at once.
    example : str
        An input for which the system answers something, for documentation.
    """

    name: str
    title: str
    lead: str
    system: str
    evaluation: str
    card: str
    inputs: str
    capabilities: tuple[str, ...]
    datasets: Mapping[str, str]
    own_data: str | None = None
    own_data_form: str = ""
    own_data_options: tuple[str, ...] = ()
    live_data: str | None = None
    comparison: str | None = None
    old_slice: str | None = None
    report: str | None = None
    answer: str | None = None
    extras: tuple[str, ...] = ()
    items_are_users: bool = False
    masks_inputs: bool = False
    shows_once: bool = False
    example: str = ""

    def member(self, name: str) -> Any:
        """Import what one of the fields above names.

        Raises
        ------
        ImportError
            If it needs an extra that is not installed; the sentence names it.
        """
        return self._named(getattr(self, name))

    @property
    def system_class(self) -> Any:
        """The class of the system."""
        return self.member("system")

    def export(self, name: str) -> Any:
        """Return the system's class by its name, for ``__getattr__`` of the package.

        So ``from lookalike.systems.digits import Digits`` works, and importing the
        package alone loads nothing.
        """
        if name != self.system.partition(":")[2]:
            raise AttributeError(f"The system {self.name} has no {name!r}.")
        return self.system_class

    def can(self, capability: str) -> bool:
        """Whether the system has a capability."""
        return capability in self.capabilities

    def check_can(self, capability: str) -> None:
        """Refuse in a sentence what the system cannot do."""
        if not self.can(capability):
            raise ValueError(
                f"The system {self.name} has no {capability}; it has "
                f"{', '.join(self.capabilities)}."
            )

    def new(self, options: Mapping[str, Any], n_jobs: int | None = None) -> Any:
        """Return a system that has learned nothing yet.

        Raises
        ------
        ValueError
            If an option is none of the system's.
        """
        known = [p for p in signature(self.system_class).parameters if p != "n_jobs"]
        for option in options:
            if option not in known:
                raise ValueError(
                    f"The options of {self.name} are {', '.join(known)}; got "
                    f"{option!r}."
                )
        return self.system_class(**options, n_jobs=n_jobs)

    def find_data(
        self,
        choice: str | None = None,
        on_warning: WarningCallback = no_warning,
        options: Mapping[str, Any] | None = None,
        on_progress: ProgressCallback = no_progress,
    ) -> Any:
        """Return a data set by its name, the user's own by its path, or the default.

        ``options`` say how the user's own is read; see ``own_data_options``. Each
        sentence of its ``problems`` becomes a warning.

        Raises
        ------
        ValueError
            If the choice is neither; the sentence lists what it can be.
        FileNotFoundError
            If the files are not here; the sentence says how to get them.
        """
        for option in options or {}:
            if option not in self.own_data_options:
                raise ValueError(f"The data of {self.name} have no option {option}.")
        if choice is None and options:
            raise ValueError(f"Options of the data, {', '.join(options)}, need --data.")
        if choice is None:
            return self._default_data(on_warning)
        if choice in self.datasets:
            return self._named(self.datasets[choice])()
        if self.own_data is not None and (
            Path(choice).exists() or Path(choice).suffix == ".npz"
        ):
            found = self._own_data(choice, options or {}, on_progress)
            for sentence in getattr(found, "problems", ()):
                on_warning(sentence)
            return found
        raise ValueError(
            f"The data of {self.name} must be {self._forms}; got {choice!r}."
        )

    def train(
        self, system: Any, data: Any, on_progress: ProgressCallback = no_progress
    ) -> "tuple[Any, EvaluationResult]":
        """Learn, measure, and learn from what was held out to measure.

        Returns
        -------
        system
            That is to answer: it knows all of the data but a publisher's test part.
        result : EvaluationResult
            The numbers of the system before it learned from what was held out.
        """
        system.fit(data, stage_of(on_progress, 0.0, 0.55))
        result = self.evaluate(system, data, stage_of(on_progress, 0.55, 0.3))
        served = system.refit(data, stage_of(on_progress, 0.85, 0.15))
        on_progress("ready", 1.0)
        return served, result

    def evaluate(
        self, system: Any, data: Any, on_progress: ProgressCallback = no_progress
    ) -> "EvaluationResult":
        """Measure a system's answers to test data; the system stays as it is.

        Of one that was refitted, the system before that is measured.
        """
        system.check_fitted()
        measured = system.before_refit(data)
        result = self.member("evaluation")(measured, data, on_progress)
        on_progress("ready", 1.0)
        return result

    def decoder(self) -> "Inputs":
        """Return what decodes inputs: the same for command line, HTTP and Python."""
        return self.member("inputs")

    def build_card(
        self, system: Any, result: "EvaluationResult | None" = None
    ) -> "Card":
        """Return the card: nine steps, with the numbers that were measured."""
        from lookalike.core.card import STANDARD_VALUES, card_of

        manifest = system.manifest_.with_evaluation(result)
        values = self.member("card")(system, manifest)
        template = Path(getfile(self.system_class)).with_name("card.md")
        standard = {name: make(manifest) for name, make in STANDARD_VALUES.items()}
        return card_of(template.read_text(encoding="utf-8"), standard | values)

    def build_report(
        self,
        system: Any,
        data: Any,
        result: "EvaluationResult",
        about: Mapping[str, str] | None = None,
    ) -> "Report":
        """Return the page on an evaluation: numbers, the system's sections, card.

        about : what stands at the top, see ``standard_report``

        The sections show answers of the system that was measured, so that none of the
        test data was learned from; the card is that of the system that was given.
        """
        from lookalike.core.report import standard_report, with_card

        report = standard_report(self.title, self.lead, result, about)
        if self.report is not None:
            measured = system.before_refit(data)
            self.member("report")(report, measured, data, result)
        return with_card(report, self.build_card(system, result))

    @property
    def _forms(self) -> str:
        """What data can be, for a sentence."""
        known = f"one of {', '.join(self.datasets)}" if self.datasets else ""
        return ", or ".join(filter(None, (known, self.own_data_form)))

    def _own_data(
        self, choice: str, options: Mapping[str, Any], on_progress: ProgressCallback
    ) -> Any:
        load = self.member("own_data")
        more = {}
        if "on_progress" in signature(load).parameters:
            more["on_progress"] = share_of(on_progress, "reading the data", 0.0, 1.0)
        # Whole, so that it is found again from another folder.
        return load(os.path.abspath(choice), **options, **more)

    def _default_data(self, on_warning: WarningCallback) -> Any:
        if not self.datasets:
            raise ValueError(
                f"The system {self.name} learns from your own data: --data must be "
                f"{self.own_data_form}."
            )
        first, *others = self.datasets
        try:
            return self._named(self.datasets[first])()
        except FileNotFoundError:
            if not others:
                raise
        on_warning(
            f"The data set {first} is not here (`lookalike data get {first}`); using "
            f"{others[0]}."
        )
        return self._named(self.datasets[others[0]])()

    def _named(self, name: str) -> Any:
        """Import what "module:attribute" names."""
        try:
            return resolve_name(name)
        except ModuleNotFoundError as error:
            if not self.extras or (error.name or "").startswith("lookalike"):
                raise
            extras = ",".join(self.extras)
            raise ImportError(
                f"The system {self.name} needs {error.name}: "
                f"pip install 'lookalike[{extras}]'"
            ) from None
