"""``lookalike index`` of videos: a folder of them, made searchable by ``videos``."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from lookalike._shown import shown
from lookalike.cli._common import columns, say, warn
from lookalike.cli._progress import progress
from lookalike.cli._service import database_url, opened, state_of

SYSTEM = "videos"
KEPT = ".reading"
"""Where what was read lies until a generation holds it."""


def add(
    place: Path,
    folder: Path | None,
    options: Mapping[str, Any],
    afresh: bool,
    allow_empty: bool,
    json: bool,
) -> None:
    """Index what is new in a folder of videos, and say what that was.

    options : of a new ``VideoSearch``, None where the user said nothing
    """
    library = _library(folder)
    library.check_writable()
    with progress() as on_progress:
        on_progress("opening the system", 0.0)
        before = _system(library) if library.names() else None
        given = {name: value for name, value in options.items() if value is not None}
        system, known = _begun(before, given, afresh)
        roots = list(before.catalogue_.roots) if before is not None else []
        here = str(place.resolve())
        if here not in roots:
            roots.append(here)
        mine = roots.index(here)
        entries: list[Any] = []
        problems: list[str] = []
        counts = {"embedded": 0, "resumed": 0}
        for number, root in enumerate(roots):
            theirs = [each for each in known if each.root == number]
            if number != mine and not (afresh or system is not before):
                entries += theirs
                continue
            data = _read_folder(Path(root), bool(theirs), allow_empty)
            found, said, n = system.read(
                _without(data, entries, problems),
                {each.id: each for each in theirs}
                | {f"\0{each.digest}": each for each in known},
                library.folder / KEPT,
                on_progress,
                number,
            )
            entries += [*found, *_hidden(theirs, found, Path(root))]
            problems += said
            counts = {name: counts[name] + n[name] for name in counts}
        about = _compared(known, entries, mine)
        generation = library.current()
        whole = _collection(entries, roots)
        is_same = before is system and not about["changes"]
        if not is_same:
            made = system.with_videos(entries, roots, whole, problems, on_progress)
            generation = library.add(made.save)
            system = made
        _forget(library.folder / KEPT)
    for sentence in problems:
        warn(sentence)
    told = {name: about[name] for name in ("new", "changed", "vanished", "unchanged")}
    facts = system.manifest_.facts
    answer: dict[str, Any] = {
        "system": SYSTEM,
        "generation": generation,
        **told,
        **counts,
        "broken": problems,
        "videos": facts["n_videos"],
        "frames": facts["n_frames"],
        "copies": facts["n_near_copies"],
    }
    lines = [
        ", ".join(f"{n:,} {name}" for name, n in told.items())
        + f", {len(problems):,} broken; {counts['embedded']:,} embedded, "
        f"{counts['resumed']:,} resumed",
        f"{facts['n_videos']:,} videos, {facts['n_frames']:,} frames, "
        f"{facts['n_near_copies']:,} near copies; generation {generation} of videos "
        "answers",
    ]
    say(answer, json, lines)


def status(folder: Path | None, json: bool) -> None:
    """Say what is indexed, and which files could not be."""
    system = _system(_library(folder))
    facts = system.manifest_.facts
    names = (
        "n_videos",
        "n_frames",
        "n_near_copies",
        "n_without_pixels",
        "n_without_text",
    )
    counts = {name.removeprefix("n_"): facts[name] for name in names}
    roots, broken = list(system.catalogue_.roots), list(system.problems_)
    rows = [(name.replace("_", " "), str(n)) for name, n in counts.items()]
    lines = [*columns(rows), *(f"folder {shown(root)}" for root in roots), *broken]
    say({**counts, "folders": roots, "broken": broken}, json, lines)


def remove(place: str, folder: Path | None, json: bool) -> None:
    """Forget a file, or all files below a folder; the files themselves stay."""
    library = _library(folder)
    system = _system(library)
    gone = Path(os.path.abspath(place))
    kept = []
    for row, entry in enumerate(system.catalogue_.entries()):
        path = system.catalogue_.path(row)
        resolved = gone.resolve()
        if path is None or not (path == resolved or path.is_relative_to(resolved)):
            kept.append(entry)
    n = len(system.catalogue_) - len(kept)
    if n == 0:
        raise ValueError(f"Nothing of {shown(place)} is indexed.")
    if not kept:
        raise ValueError(
            f"{shown(place)} holds all {n:,} videos that are indexed; `lookalike "
            "systems` says how a system is taken away."
        )
    roots = system.catalogue_.roots
    whole = _collection(kept, roots)
    with progress() as on_progress:
        made = system.with_videos(kept, roots, whole, system.problems_, on_progress)
        library.add(made.save)
    say({"removed": n}, json, [f"{n:,} videos of {shown(place)} are forgotten."])


def learn(
    folder: Path | None, database: str | None, state: Path | None, json: bool
) -> None:
    """Let what was shown and clicked change the order, by the service's event log."""
    library = _library(folder)
    library.check_writable()
    with progress() as on_progress:
        on_progress("opening the system", 0.0)
        system = _system(library)
        url = database or database_url(state_of(library, state))
        with closing(opened(url)) as store:
            from lookalike.service.clicks import shown_items

            on_progress("reading the log", 0.3)
            version = system.manifest_.embedding_version
            row_of = system.catalogue_.row_of
            seen, similarity = shown_items(store, row_of, SYSTEM, version)
        on_progress("learning", 0.5)
        system.learn_clicks(similarity, seen, system.catalogue_.ids)
        number = library.add(system.save)
    n_clicks = int(seen.clicked.sum())
    answer = {"system": SYSTEM, "shown": len(seen), "clicked": n_clicks}
    lines = [
        f"learned from {len(seen):,} impressions and {n_clicks:,} clicks: generation "
        f"{number} of {SYSTEM} answers"
    ]
    say(answer | {"generation": number}, json, lines)


def _library(folder: Path | None) -> Any:
    from lookalike.core.library import find_library

    return find_library(SYSTEM, folder)


def _system(library: Any) -> Any:
    from lookalike.systems import find_spec

    found, complaint = library.open()
    warn(complaint)
    return find_spec(SYSTEM).system_class.load(found, n_jobs=-1)


def _begun(before: Any, given: dict[str, Any], afresh: bool) -> tuple[Any, list[Any]]:
    """The system that reads, and the videos that need not be read again.

    Where the user names another encoder or sampling, all is read again by a new system,
    while the one before answers.
    """
    from lookalike.systems import find_spec

    kind = find_spec(SYSTEM).system_class
    if before is None:
        return kind.ready(**given, n_jobs=-1), []
    own = before.configuration()
    if not afresh and all(own.get(name) == value for name, value in given.items()):
        return before, list(before.catalogue_.entries())
    options = {**own, **given}
    if options["encoder"] == "onnx" and "image_encoder" not in given:
        raise ValueError(
            "What is indexed has an encoder of your own: name its files again with "
            "--image-encoder."
        )
    return kind.ready(**options, n_jobs=-1), []


def _read_folder(root: Path, had_some: bool, allow_empty: bool) -> Any:
    """The videos of a folder; none where it is empty and may be."""
    from lookalike.datasets import VideoCollection, load_videos

    try:
        return load_videos(root)
    except ValueError as error:
        if not had_some:
            raise
        if allow_empty:
            return VideoCollection(root.name, "", [], [], [], [], root=root)
        raise ValueError(
            f"{error} Videos of it are indexed: --allow-empty forgets them."
        ) from None


def _without(data: Any, entries: Sequence[Any], problems: list[str]) -> Any:
    """The videos of a folder whose names no other folder has taken."""
    taken = {each.id for each in entries}
    twice = [id for id in data.ids if id in taken]
    problems += [
        f"{shown(id)} is indexed already, from another folder with a file of this name."
        for id in twice
    ]
    if not twice:
        return data
    return data.part([row for row, id in enumerate(data.ids) if id not in taken])


def _hidden(known: Sequence[Any], found: Sequence[Any], root: Path) -> list[Any]:
    """Videos that were known and may be there all the same: their folder is unread."""
    here = {each.id for each in found}
    kept = []
    for each in known:
        if each.id in here:
            continue
        try:
            os.stat(root / each.id)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            kept.append(each)
    return kept


def _compared(known: Sequence[Any], now: Sequence[Any], mine: int) -> dict[str, Any]:
    """How many videos of a folder came, changed and went, and whether any text did."""
    before = {each.id: each for each in known if each.root == mine}
    after = {each.id: each for each in now if each.root == mine}
    both = [id for id in after if id in before]
    changed = [id for id in both if before[id].digest != after[id].digest]
    texts = any(
        (before[id].title, before[id].description)
        != (after[id].title, after[id].description)
        for id in both
    )
    new, vanished = len(after) - len(both), len(before) - len(both)
    return {
        "new": new,
        "changed": len(changed),
        "vanished": vanished,
        "unchanged": len(both) - len(changed),
        "changes": bool(new or vanished or changed or texts),
    }


def _collection(entries: Sequence[Any], roots: Sequence[str]) -> Any:
    """The videos of all folders as one collection."""
    from lookalike.datasets import VideoCollection

    parts = [f"{e.id}\t{e.digest}\t{e.title}\t{e.description}" for e in entries]
    return VideoCollection(
        " and ".join(Path(root).name for root in roots),
        sha256("\n".join(parts).encode()).hexdigest(),
        [each.id for each in entries],
        [each.title for each in entries],
        [each.description for each in entries],
        [None] * len(entries),
        root=Path(roots[0]),
    )


def _forget(kept: Path) -> None:
    from lookalike.systems.videos.reading import forget_read

    forget_read(kept)
