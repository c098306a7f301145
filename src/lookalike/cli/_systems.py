"""Opening what the verbs work on: saved systems, and the options of new ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from weakref import finalize

from typer import Exit

from lookalike.cli._common import pairs, warn
from lookalike.cli._service import database_file, database_url, serve_extra, state_of


class Opened(NamedTuple):
    """A saved system that was opened, and where it comes from."""

    spec: Any
    system: Any
    generation: str


def open_system(
    name: str,
    folder: Path | None,
    database: str | None = None,
    as_learned: bool = False,
) -> Opened:
    """Return the system that answers.

    name : the system
    folder : its library of generations, or one generation; None is the user's own
    database : URL of the service's database, where folders are indexed;
        None is the one in the library
    as_learned : whether documents that came, changed or went since play no part
    """
    from lookalike.core.generation import load
    from lookalike.core.library import Library, find_library
    from lookalike.systems import find_spec

    spec = find_spec(name)
    library = find_library(name, folder)
    if folder is not None and (folder / "system.json").exists():
        library, found = Library(name, folder.parent), load(folder, name)
    else:
        found, complaint = library.open()
        warn(complaint)
    system = spec.system_class.load(found, n_jobs=-1)
    if spec.can("refresh") or (spec.can("texts") and not as_learned):
        system = _with_indexed(system, spec, library, database)
    return Opened(spec, system, found.folder.name)


def _with_indexed(system: Any, spec: Any, library: Any, url: str | None) -> Any:
    """The system as it searches what ``lookalike index`` has indexed, if anything."""
    state = state_of(library)
    if url is None and not database_file(state).exists():
        return system
    with serve_extra():
        from lookalike.service.database.migrate import open_database
        from lookalike.service.image_folders import with_folders
        from lookalike.service.text_folders import with_changes

        store = open_database(url or database_url(state), upgrade=False)
    if spec.can("texts"):
        with closing(store):
            return with_changes(system, store)
    found = with_folders(system, store)
    finalize(found, store.close)  # thumbnails are read for as long as it is used
    return found


class Refusals(list[str]):
    """A sentence for each input that was refused while the others are answered.

    Called with the sentence, as ``Inputs.read`` does.
    """

    def __call__(self, sentence: str) -> None:
        """Remember that an input was refused."""
        self.append(sentence)

    def check(self, n_left: int) -> None:
        """Say which were refused; it is an error where none is left.

        Raises
        ------
        ValueError
            If none is left.
        """
        if self and not n_left:
            *others, last = self
            for sentence in others:
                warn(sentence)
            raise ValueError(last)
        for sentence in self:
            warn(sentence)

    def exit(self) -> None:
        """End the command with status 1 where an input was refused."""
        if self:
            raise Exit(1)


def read_inputs(
    name: str,
    capability: str,
    given: Sequence[Any],
    refusals: Refusals | None = None,
    texts: Sequence[str] = (),
) -> tuple[str, list[str], list[Any]]:
    """Return what an input is called, and names and queries for what was given.

    refusals : takes up what is refused; None lets one refusal refuse all
    texts : queries in words beside images, for a system that takes both
    """
    from lookalike.core.inputs import refuse
    from lookalike.systems import find_spec

    spec = find_spec(name)
    spec.check_can(capability)
    inputs = spec.decoder()
    told = refuse if refusals is None else refusals
    if texts and "text" not in inputs.forms:
        raise ValueError(f"--text is for what searches by text; {name} does not.")
    names, queries = inputs.read(given, told)
    if refusals and not names and not texts:
        refusals.check(0)
    return inputs.noun, [*names, *texts], [*queries, *texts]


def read_post(
    name: str,
    capability: str,
    text: str | None,
    picture: Path | None,
    author: str | None,
    reactions: str | None,
) -> tuple[str, str, Any]:
    """Return what an input is called, and name and query of one post of several parts.

    author, reactions : counts, as "days=10,violations=2"

    Raises
    ------
    ValueError
        If the system takes no posts, or a part is not what it must be.
    """
    from lookalike.features.image import read_image
    from lookalike.systems import find_spec

    spec = find_spec(name)
    spec.check_can(capability)
    inputs = spec.decoder()
    if "post" not in inputs.forms:
        raise ValueError(
            f"--picture, --author and --reactions are parts of a post; {name} takes "
            "none."
        )
    sent: dict[str, Any] = {"text": text or ""}
    if picture is not None:
        sent["picture"] = read_image(picture, mode="RGB")
    for what, given in (("author", author), ("reactions", reactions)):
        if given is not None:
            sent[what] = _counts(what, given)
    named = [text, picture.name if picture else None]
    shown = " + ".join(each for each in named if each)
    return inputs.noun, shown, inputs.decode(sent)


def _counts(what: str, given: str) -> dict[str, Any]:
    parts = filter(None, map(str.strip, given.split(",")))
    named = pairs(f"--{what}", parts, "NAME=NUMBER with commas")
    return {name: _value(value) for name, value in named.items()}


def check_queries(
    system: Any,
    names: Sequence[str],
    queries: Sequence[Any],
    refusals: Refusals | None = None,
) -> tuple[list[str], list[Any]]:
    """Return names and queries as the system takes them; a refusal names the input.

    refusals : as for ``read_inputs``
    """
    good, checked = [], []
    for name, query in zip(names, queries, strict=True):
        try:
            with naming(name):
                checked.append(system.check_query(query))
        except ValueError as error:
            if refusals is None:
                raise
            refusals(str(error))
        else:
            good.append(name)
    if refusals is not None:
        refusals.check(len(good))
    return good, checked


def shown_names(name: str, names: Sequence[str], reveal: bool) -> list[str]:
    """Return the names of inputs as they are shown; those that may be abuse, masked.

    name : the system
    """
    from lookalike.core.masking import masked
    from lookalike.systems import find_spec

    if reveal or not find_spec(name).masks_inputs:
        return list(names)
    return list(map(masked, names))


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Let a refusal within say which input it is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def options_of(given: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return the options of a new system.

    given : by name, None where the user said nothing
    settings : further ones, as in "model=conv"
    """
    options = {option: value for option, value in given.items() if value is not None}
    named = pairs("--set", settings)
    return options | {option: _value(value) for option, value in named.items()}


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
