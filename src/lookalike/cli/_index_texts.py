"""``lookalike index`` of texts: a folder of them, made searchable by ``documents``."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lookalike._shown import shown
from lookalike.cli._common import columns, say, warn
from lookalike.cli._progress import progress
from lookalike.cli._service import database_url, opened, serve_extra, state_of
from lookalike.core.progress import ProgressCallback, stage_of

SYSTEM = "documents"


def add(
    place: Path,
    folder: Path | None,
    database: str | None,
    state: Path | None,
    allow_empty: bool,
    json: bool,
) -> None:
    """Index what is new in a folder of texts, and say what that was."""
    library = _library(folder)
    library.check_writable()
    with progress() as on_progress:
        is_first = not library.names()
        if is_first:
            _learn(library, place, stage_of(on_progress, 0.0, 0.6))
        on_progress("opening the system", 0.6)
        system, number = _system(library)
        with closing(_database(library, database, state)) as store:
            folders = _folders(store, system)
            result = folders.add(place, stage_of(on_progress, 0.7, 0.3), allow_empty)
            about, stored_at = folders.counts(), store.shown
    if is_first:
        result.new, result.unchanged = result.unchanged, 0
    _notify(library, state)
    for sentence in result.broken:
        warn(sentence)
    answer: dict[str, Any] = {"system": SYSTEM, "generation": number}
    answer |= {**asdict(result), "seconds": round(result.seconds, 2), **about}
    lines = [
        f"{result.new:,} new, {result.changed:,} changed, {result.vanished:,} "
        f"vanished, {result.unchanged:,} unchanged, {len(result.broken):,} broken "
        f"({result.seconds:.1f} s)",
        f"{about['documents']:,} documents, {about['files']:,} files",
        f"database: {stored_at}",
    ]
    say(answer, json, lines)


def status(
    folder: Path | None, database: str | None, state: Path | None, json: bool
) -> None:
    """Say what is indexed, and which files could not be."""
    library = _library(folder)
    system, _ = _system(library)
    with closing(_database(library, database, state)) as store:
        folders = _folders(store, system)
        counts, broken = folders.counts(), folders.broken()
    lines = columns([(name, str(n)) for name, n in counts.items()])
    say({**counts, "broken": broken}, json, [*lines, *broken])


def remove(
    place: str,
    folder: Path | None,
    database: str | None,
    state: Path | None,
    json: bool,
) -> None:
    """Forget a file, or all files below a folder; the files themselves stay."""
    library = _library(folder)
    system, _ = _system(library)
    with closing(_database(library, database, state)) as store:
        n = _folders(store, system).remove(place)
    _notify(library, state)
    say({"removed": n}, json, [f"{n:,} documents of {shown(place)} are forgotten."])


def learn(
    folder: Path | None, database: str | None, state: Path | None, json: bool
) -> None:
    """Let what was shown and clicked change the order, by the service's event log."""
    library = _library(folder)
    library.check_writable()
    with progress() as on_progress:
        on_progress("opening the system", 0.0)
        system, _ = _system(library)
        with closing(_database(library, database, state)) as store:
            from lookalike.service.clicks import shown_items
            from lookalike.service.text_folders import with_changes

            on_progress("reading the log", 0.3)
            ids = with_changes(system, store).item_ids
            row_of = {id: row for row, id in enumerate(ids)}
            version = system.manifest_.embedding_version
            shown, similarity = shown_items(store, row_of, SYSTEM, version)
        on_progress("learning", 0.5)
        system, _ = _system(library)  # without the documents that changed since
        system.learn_clicks(similarity, shown, ids)
        number = library.add(system.save)
    n_clicks = int(shown.clicked.sum())
    answer = {"system": SYSTEM, "shown": len(shown), "clicked": n_clicks}
    lines = [
        f"learned from {len(shown):,} impressions and {n_clicks:,} clicks: generation "
        f"{number} of {SYSTEM} answers"
    ]
    say(answer | {"generation": number}, json, lines)


def _library(folder: Path | None) -> Any:
    from lookalike.core.library import find_library

    return find_library(SYSTEM, folder)


def _learn(library: Any, place: Path, on_progress: ProgressCallback) -> None:
    """Make the first generation, of the texts of a folder."""
    from lookalike.systems import find_spec

    spec = find_spec(SYSTEM)
    on_progress("reading the texts", 0.0)
    data = spec.find_data(str(place.resolve()))
    system = spec.new({}, n_jobs=-1).fit(data, stage_of(on_progress, 0.1, 0.9))
    library.add(system.save)


def _system(library: Any) -> tuple[Any, str]:
    """The system that answers, and its generation."""
    from lookalike.systems import find_spec

    found, complaint = library.open()
    warn(complaint)
    return find_spec(SYSTEM).system_class.load(found, n_jobs=-1), found.folder.name


def _database(library: Any, url: str | None, state: Path | None) -> Any:
    return opened(url or database_url(state_of(library, state)))


def _folders(store: Any, system: Any) -> Any:
    with serve_extra():
        from lookalike.service.text_folders import TextFolders

    return TextFolders(store, system)


def _notify(library: Any, state: Path | None) -> None:
    """Announce to the workers of a running service that something changed."""
    from lookalike.service.change_signal import ChangeSignal

    with closing(ChangeSignal(state_of(library, state) / "changes")) as signal:
        signal.notify()
