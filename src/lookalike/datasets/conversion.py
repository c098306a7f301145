"""A publisher's own file becomes a data set: ``lookalike data get NAME --from FILE``.

What is found is told, rows, classes and sizes, and so is what is not as published.
Contents that are the catalogue's count under its checksum; those of another edition
under that of their record, see ``editions``.
"""

import gzip
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from lookalike._download import BytesCallback
from lookalike.datasets.catalogue import CATALOGUE, DataSet, File
from lookalike.datasets.editions import record_of, write_record
from lookalike.datasets.locate import cache_folder, checksum
from lookalike.datasets.members import Members, members, plain
from lookalike.datasets.published_faces import convert_fer2013, convert_orl_faces
from lookalike.datasets.published_idx import convert_idx
from lookalike.datasets.published_tables import (
    convert_movielens,
    convert_steam,
    movielens_edition,
)

CONVERTERS = {
    "mnist": convert_idx,
    "fashion_mnist": convert_idx,
    "fer2013": convert_fer2013,
    "orl_faces": convert_orl_faces,
    "movielens_small": convert_movielens,
    "steam_play_hours": convert_steam,
}
"""Called with the publisher's files, the path to write to, and a progress callback;
returns what was found. Sets that are not here are published as the catalogue has them.
"""
EXACT = ("mnist", "fashion_mnist")
"""Sets of which there is one edition: other contents are refused."""


@dataclass(frozen=True)
class Converted:
    """A data set that was converted.

    path : where it lies now
    found : what was found, in sentences
    is_known : whether its contents are the catalogue's
    is_found : whether it is found by the name of the data set, or by its path alone
    """

    path: Path
    found: tuple[str, ...]
    is_known: bool
    is_found: bool = True


def convert(
    data_set: DataSet,
    source: Path,
    folder: Path | None = None,
    on_progress: BytesCallback | None = None,
) -> Converted:
    """Make a data set of a publisher's file, folder or archive.

    Files are written under temporary names, checked and then renamed: what is refused,
    or interrupted, leaves nothing.

    Parameters
    ----------
    data_set : DataSet
    source : Path
        The publisher's file, a folder, or a zip or tar archive.
    folder : Path, optional
        Where the data set goes; None is the cache.
    on_progress : callable, optional
        Called with the bytes read so far, and all of them or None.

    Raises
    ------
    ValueError
        If the source is not what its publisher ships; the sentence says what was
        expected, and what was found.
    """
    folder = cache_folder() if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    # A set that is published as an archive is that archive, not what is in it.
    is_whole = data_set.path.endswith(".zip")
    with (
        members(source, is_whole) as files,
        tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as scratch,
    ):
        if data_set.name in CONVERTERS:
            return _converted(data_set, files, Path(scratch), folder, on_progress)
        return _copied(data_set, files, Path(scratch), folder)


def _converted(
    data_set: DataSet,
    files: Members,
    scratch: Path,
    folder: Path,
    on_progress: BytesCallback | None,
) -> Converted:
    [file] = data_set.files
    edition = movielens_edition(files) if data_set.name == "movielens_small" else None
    whole = scratch / file.path
    found = CONVERTERS[data_set.name](files, whole, on_progress or _no_progress)
    digest = checksum(whole)
    is_known = digest == file.sha256
    if not is_known and data_set.name in EXACT:
        raise ValueError(_another(data_set, files, digest))
    target = folder / (file.path if edition is None else f"{edition}.csv.gz")
    if edition is not None:
        found = [*found, f"This is {edition}, not {data_set.name}: name its path."]
    elif is_known:
        found = [*found, "These are the contents that the catalogue knows."]
        record_of(target).unlink(missing_ok=True)
    else:
        found = [
            *found,
            "Another edition than the catalogue's: the numbers of the pages are not "
            "of it.",
        ]
        write_record(target, digest, files.source.name, found)
    whole.replace(target)
    return Converted(target, tuple(found), is_known, edition is None)


def _copied(
    data_set: DataSet, files: Members, scratch: Path, folder: Path
) -> Converted:
    """Take the files of the catalogue as they are, packed where it packs them."""
    whole = {file: scratch / str(n) for n, file in enumerate(data_set.files)}
    found = []
    for n, (file, place) in enumerate(whole.items()):
        place = place.with_name(f"{n}-{Path(file.path).name}")
        whole[file] = place
        name = _member_of(data_set, file, files)
        with files.opened(name) as stream, _packed(place) as out:
            shutil.copyfileobj(stream, out)
        digest = checksum(place)
        if digest != file.sha256:
            raise ValueError(
                f"{name} in {files.source} is not the file that the catalogue knows "
                f"as {file.path}: expected contents with checksum {file.sha256[:12]}, "
                f"got {digest[:12]}."
            )
        found.append(f"{name} is {file.path}, its checksum right.")
    for file, place in whole.items():
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        place.replace(target)
    return Converted(folder / data_set.path, tuple(found), True)


def _member_of(data_set: DataSet, file: File, files: Members) -> str:
    """The name under which a source holds a file of the catalogue."""
    if len(files.openers) == 1 and len(data_set.files) == 1:
        return files.names[0]
    inside = file.path.partition("/")[2] or file.path
    of_urls = [url.rsplit("/", 1)[-1] for url in file.urls]
    found = files.named(inside) or files.named(Path(inside).name, *of_urls)
    if not found:
        raise ValueError(
            f"{files.source} holds no {plain(inside)}; {data_set.name} needs "
            f"{', '.join(plain(f.path) for f in data_set.files)}."
        )
    return found[0]


def _another(data_set: DataSet, files: Members, digest: str) -> str:
    others = (n for n, e in CATALOGUE.items() if e.files[0].sha256 == digest)
    other = next(others, None)
    if other is not None:
        return f"{files.source} holds {other}, not {data_set.name}."
    return (
        f"{files.source} does not hold {data_set.name} as published: expected contents "
        f"with checksum {data_set.files[0].sha256[:12]}, got {digest[:12]}."
    )


def _packed(place: Path) -> IO[bytes]:
    if place.suffix == ".gz":
        return cast(IO[bytes], gzip.open(place, "wb"))
    return place.open("wb")


def _no_progress(done: int, total: int | None) -> None:
    """Show nothing."""
