"""A whole collection of videos read: what has not changed is taken as it was.

A file is known by what is in it, so that one with another name, or in another folder,
is not read again.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lookalike._download import sha256_of
from lookalike._shown import shown
from lookalike.core.progress import ProgressCallback
from lookalike.datasets import VideoCollection
from lookalike.features.folder_changes import FileState
from lookalike.systems.videos.catalogue import Entry
from lookalike.systems.videos.reading import ReadVideo, ReadVideos, read_each


def read_collection(
    data: VideoCollection,
    read_one: Callable[[Any], ReadVideo],
    known: Mapping[str, Entry],
    cache: ReadVideos,
    root: int,
    n_jobs: int | None,
    on_progress: ProgressCallback,
) -> tuple[list[Entry], tuple[str, ...], dict[str, int]]:
    """Return entries, problems and counts, see ``VideoSearch.read``.

    read_one : reads a source, or raises a ValueError of one sentence
    """
    reads = {each.digest: each.read for each in known.values() if each.digest}
    files = {
        row: source
        for row, source in enumerate(data.sources)
        if isinstance(source, Path)
    }
    states: dict[int, FileState] = {}
    digests: dict[int, str] = {}
    problem: dict[int, str] = {}
    for row, path in files.items():
        facts = path.stat()
        states[row] = FileState(facts.st_size, facts.st_mtime_ns)
        before = known.get(data.ids[row])
        is_same = before and (before.state, before.root) == (states[row], root)
        if before and is_same and before.digest:  # what was not read is tried again
            digests[row] = before.digest
    unknown = [row for row in files if row not in digests]
    on_progress("looking at the files", 0.0)
    found = read_each([files[row] for row in unknown], _digest, n_jobs)
    for row, digest in zip(unknown, found, strict=True):
        if isinstance(digest, ValueError):
            problem[row] = str(digest)
        else:
            digests[row] = digest
    first = {digest: row for row, digest in reversed(digests.items())}
    new = [digest for digest in first if digest not in reads]
    held = {digest: cache.get(digest) for digest in new}
    to_read: list[Any] = [digest for digest in new if held[digest] is None]
    to_read += [
        row
        for row, source in enumerate(data.sources)
        if row not in files and source is not None
    ]

    def read(what: Any) -> ReadVideo:
        row = first[what] if isinstance(what, str) else what
        made = read_one(data.sources[row])
        if isinstance(what, str):
            cache.put(what, made)
        return made

    def tell(done: int) -> None:
        said = f"reading video {done:,} of {len(to_read):,}"
        on_progress(said, done / max(len(to_read), 1))

    made = read_each(to_read, read, n_jobs, tell)
    by_what: dict[Any, Any] = {**reads, **held}
    by_what |= dict(zip(to_read, made, strict=True))
    entries, problems = [], list(data.problems)
    for row, id in enumerate(data.ids):
        digest = digests.get(row, "")
        pixels = by_what.get(digest if row in files else row)
        if isinstance(pixels, ValueError):
            problem[row], pixels, digest = str(pixels), None, ""
        if row in problem:
            problems.append(_named(id, problem[row]))
            if not data.descriptions[row]:
                continue  # nothing but a file's name would find it
        words = data.titles[row], data.descriptions[row]
        place = (digest, states[row], root) if row in files else ()
        entries.append(Entry(id, *words, pixels, *place))
    counts = {
        "embedded": sum(isinstance(each, ReadVideo) for each in made),
        "resumed": sum(each is not None for each in held.values()),
    }
    return entries, tuple(problems), counts


def _digest(path: Path) -> str:
    """The SHA-256 of a file."""
    try:
        return sha256_of(path)
    except OSError as error:
        said = f"{shown(path.name)} cannot be read: {error.strerror}."
        raise ValueError(said) from None


def _named(id: str, problem: str) -> str:
    name = id.rsplit("/", 1)[-1]
    return problem if problem.startswith(name) else f"{shown(id)}: {problem}"
