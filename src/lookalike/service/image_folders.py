"""The user's own folders of images, in the service's database: what image search finds.

An image is its content, however many files hold it. Every batch of files is one
transaction, so that Ctrl-C or a kill loses the batch that was being read and nothing
else. Every change takes a number of a counter, by which a system that was loaded before
knows that it is stale.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._shown import shown
from lookalike._typing import Array
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.features.folder_changes import FileState, FolderChanges, changes
from lookalike.features.folder_files import IMAGES, readable
from lookalike.features.image import read_image
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.folder_files import (
    files_at,
    key_of,
    known_files,
    problems_of,
    row_of,
)
from lookalike.service.database.items import counter, epoch, put, take
from lookalike.service.database.tables import (
    folder_catalogues,
    folder_files,
    folder_images,
    folder_marks,
)
from lookalike.service.folder_catalogue import (
    FolderCatalogue,
    KnownImage,
    first_alike,
    holds_image,
    is_held,
    known_images,
)
from lookalike.service.image_reading import Embedded, FilesRead, read_files
from lookalike.service.shown_names import relative_names
from lookalike.systems.images.catalogue import Catalogue
from lookalike.systems.images.encoders.base import Encoder, version_of
from lookalike.systems.images.ranking import CatalogueMetadata
from lookalike.systems.images.system import ImageSearch

BATCH = 64  # files of one transaction
MARKS = ("", "blocked", "private")


@dataclass
class IndexingResult:
    """What indexing a folder has changed: numbers of files."""

    new: int = 0
    changed: int = 0
    vanished: int = 0
    unchanged: int = 0
    embedded: int = 0
    """Images that went through the encoder."""
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    """One sentence for each file that cannot be used."""

    @property
    def images_a_second(self) -> float:
        """Files read in a second."""
        return (self.new + self.changed) / max(self.seconds, 1e-9)


class ImageFolders:
    """Images of folders, with their vectors, in the service's database.

    All vectors are of one version of the encoder; another one is refused.

    Parameters
    ----------
    database : Database
        See ``open_database``.
    system : str, default="images"
        That searches them.
    """

    def __init__(self, database: Database, system: str = ImageSearch.name) -> None:
        self.database = database
        self.system = system
        self._of_catalogue = folder_catalogues.c.system == system
        self._of_images = folder_images.c.system == system
        self._of_files = folder_files.c.system == system
        self._of_marks = folder_marks.c.system == system
        self._with_image = holds_image(system)
        self._changes = f"folders:{system}"  # the counter that every change raises
        self._numbers = f"folder_images:{system}"  # that of the images' numbers

    # --- changes ----------------------------------------------------------------------

    def add(
        self,
        folder: str | os.PathLike[str],
        encoder: Encoder,
        on_progress: ProgressCallback = no_progress,
        allow_empty: bool = False,
        afresh: bool = False,
    ) -> IndexingResult:
        """Bring what is indexed to what a folder holds now.

        What cannot be read now stays as it was. A file that could not be used is read
        again.

        allow_empty : whether a folder that holds no image any more is forgotten; it may
            also be that its disk is not mounted
        afresh : whether all that is indexed is forgotten first, of every folder

        Raises
        ------
        ValueError
            If the folder is none, or other vectors are of another encoder, or it holds
            no image any more.
        """
        started, version = time.perf_counter(), version_of(encoder)
        known, found = self._compared(folder, version, allow_empty, afresh)
        if afresh:
            self.forget()
        with self.database.writing() as connection:
            self._claim(connection, version)
        result = IndexingResult(
            vanished=len(found.vanished),
            unchanged=found.n_unchanged,
            broken=found.problems,
        )
        files = list(found.to_read.items())
        for first in range(0, len(files), BATCH):
            batch = dict(files[first : first + BATCH])
            read = read_files(batch, encoder, self._has)
            with self._changing() as connection:
                self._claim(connection, version)
                self._insert(connection, read.embedded)
                self._put_files(connection, self._rows(batch, read, known))
            n_changed = sum(path in known for path in read.digests)
            result.changed += n_changed
            result.new += len(read.digests) - n_changed
            result.broken += read.problems.values()
            result.embedded += len(read.embedded)
            result.seconds = time.perf_counter() - started
            rate = f"{result.images_a_second:,.0f} images a second"
            on_progress(rate, (first + len(batch)) / len(files))
        self._remove(found.vanished)  # last: a file that moved keeps its image
        result.seconds = time.perf_counter() - started
        return result

    def check(
        self,
        folder: str | os.PathLike[str],
        version: str,
        allow_empty: bool = False,
        afresh: bool = False,
    ) -> None:
        """Refuse what ``add`` would, with an encoder of this version."""
        self._compared(folder, version, allow_empty, afresh)

    def _compared(
        self,
        folder: str | os.PathLike[str],
        version: str,
        allow_empty: bool,
        afresh: bool,
    ) -> tuple[dict[bytes, FileState], FolderChanges]:
        """What is known of a folder and stays, and what is to be done."""
        root = Path(folder)
        if not root.is_dir():
            raise ValueError(f"{root} is no folder.")
        root = root.resolve()
        known = self._known(None if afresh else root)
        if not afresh:
            with self.database.reading() as connection:
                self._check(connection, version)
        kept = {} if afresh else known
        found = changes(root, kept, IMAGES)
        is_empty = not found.to_read and len(found.vanished) == len(kept)
        if known and is_empty and not allow_empty:
            raise ValueError(
                f"{shown(root)} holds no images, but {len(known):,} "
                f"{'' if afresh else 'of its '}files are indexed: is its disk mounted? "
                "--allow-empty forgets them."
            )
        return kept, found

    def choose(
        self,
        recall: float | None = None,
        memory: int | None = None,
        duplicates: bool | None = None,
    ) -> None:
        """Remember how the images are to be searched; None leaves what is there.

        duplicates : whether images that look the same are all shown
        """
        given = {"recall": recall, "memory": memory, "duplicates": duplicates}
        chosen = {name: value for name, value in given.items() if value is not None}
        if chosen:
            update = sa.update(folder_catalogues).where(self._of_catalogue)
            with self._changing() as connection:
                connection.execute(update.values(chosen))

    def mark(self, name: str | os.PathLike[str], mark: str) -> list[str]:
        """Mark the image of a file "", "blocked" or "private".

        A mark covers the file, whatever is in it later, and the same pixels wherever
        they are, under any name and stored in any way. It stays while they are gone.
        Images that only look alike are not covered.

        Returns
        -------
        list of str
            Files with another image that looks the same and has no mark.

        Raises
        ------
        ValueError
            If no such file is indexed.
        """
        if mark not in MARKS:
            raise ValueError(f"The mark must be '', blocked or private, got {mark!r}.")
        with self._changing() as connection:
            key, digest = self._file_of(connection, name)
            c = folder_images.c
            pixels = sa.select(c.pixels).where(self._of_images, c.digest == digest)
            keys = {key, digest, connection.execute(pixels).scalar()} - {None}
            if mark:
                rows = [{"system": self.system, "key": k, "mark": mark} for k in keys]
                put(self.database, connection, folder_marks, rows)
            else:
                keys |= self._keys_of_pixels(connection, keys)
                gone = self._of_marks & folder_marks.c.key.in_(keys)
                connection.execute(sa.delete(folder_marks).where(gone))
        return self._unmarked_like(digest) if mark else []

    def _file_of(
        self, connection: Connection, name: str | os.PathLike[str]
    ) -> tuple[str, str]:
        """Key and digest of a file that is indexed."""
        c = folder_files.c
        for path in (Path(name).resolve(), Path(name).absolute()):
            key = key_of(os.fsencode(path))
            query = sa.select(c.digest).where(self._with_image, c.key == key)
            digest = connection.execute(query).scalar()
            if digest is not None:
                return key, str(digest)
        raise ValueError(f"{shown(name)} is not in the catalogue.")

    def _keys_of_pixels(self, connection: Connection, keys: set[Any]) -> set[Any]:
        """Keys of everything by which these pixels may be marked."""
        images, files = folder_images.c, folder_files.c
        of = images.digest.in_(keys) | images.pixels.in_(keys)
        found = connection.execute(sa.select(images.digest).where(self._of_images, of))
        digests = set(found.scalars())
        query = sa.select(files.key).where(self._of_files, files.digest.in_(digests))
        return digests | set(connection.execute(query).scalars())

    def _unmarked_like(self, digest: str) -> list[str]:
        """Files of images without a mark that look like this one."""
        for images in self._groups():
            if any(each.digest == digest for each in images):
                return [each.label for each in images if not each.mark]
        return []

    def remove(self, name: str | os.PathLike[str]) -> int:
        """Forget a file, or all files below a folder, whether they are there or not.

        Marks stay.

        Returns
        -------
        int
            How many files were forgotten.

        Raises
        ------
        ValueError
            If none of them is indexed.
        """
        with self.database.reading() as connection:
            gone = files_at(connection, self.system, name)
        self._remove(gone)
        return len(gone)

    def forget(self) -> None:
        """Forget all that is indexed, but no marks; the files stay where they are."""
        with self._changing() as connection:
            connection.execute(sa.delete(folder_files).where(self._of_files))
            connection.execute(sa.delete(folder_images).where(self._of_images))
            connection.execute(sa.delete(folder_catalogues).where(self._of_catalogue))

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """One transaction: all of it, or nothing where the body is interrupted."""
        with self.database.writing() as connection:
            take(self.database, connection, self._changes, 1)
            yield connection

    def _claim(self, connection: Connection, version: str) -> None:
        """Let all vectors be of this version, or refuse it."""
        insert = self.database.insert(folder_catalogues)
        row = {"system": self.system, "embedding_version": version}
        connection.execute(insert.on_conflict_do_nothing(), row)
        self._check(connection, version)

    def _check(self, connection: Connection, version: str) -> None:
        query = sa.select(folder_catalogues.c.embedding_version)
        found = connection.execute(query.where(self._of_catalogue)).scalar()
        if found not in (None, version):
            raise ValueError(
                f"What is indexed was embedded with version {found}, this encoder "
                f"makes {version}: `lookalike index add FOLDER --afresh` embeds it "
                "again."
            )

    def _known(self, root: Path | None) -> dict[bytes, FileState]:
        """Files that are indexed below a folder, or all of them."""
        with self.database.reading() as connection:
            return known_files(connection, self.system, root)

    def _has(self, digest: str) -> bool:
        query = sa.select(folder_images.c.number)
        query = query.where(self._of_images, folder_images.c.digest == digest)
        with self.database.reading() as connection:
            return connection.execute(query).first() is not None

    def _rows(
        self,
        batch: Mapping[bytes, FileState],
        read: FilesRead,
        known: Mapping[bytes, FileState],
    ) -> list[dict[str, Any]]:
        """Rows of files; that of a good one that cannot be read now stays as it is."""
        return [
            row_of(
                *(self.system, path, state),
                *(read.digests.get(path), read.problems.get(path)),
            )
            for path, state in batch.items()
            if path not in read.unreadable
            or path not in known
            or known[path].problem is not None
        ]

    def _put_files(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        """Write files, over what another process may have written meanwhile.

        A file whose image was removed meanwhile is left out: the next time it is new.
        """
        c, f = folder_images.c, folder_files.c
        digests = {row["digest"] for row in rows if row["digest"] is not None}
        query = sa.select(c.digest).where(self._of_images, c.digest.in_(digests))
        there = {None, *connection.execute(query).scalars()}
        rows = [row for row in rows if row["digest"] in there]
        same = self._of_files & f.key.in_([row["key"] for row in rows])
        replaced = connection.execute(sa.select(f.key).where(same).limit(1)).first()
        put(self.database, connection, folder_files, rows)
        if replaced is not None:
            self._remove_images_without_files(connection)

    def _insert(self, connection: Connection, embedded: Mapping[str, Embedded]) -> None:
        if not embedded:
            return
        last = take(self.database, connection, self._numbers, len(embedded))
        added = now()
        rows = [
            {
                "system": self.system,
                "number": number,
                "digest": digest,
                "width": picture.width,
                "height": picture.height,
                "look": picture.look,
                "tiny": picture.tiny,
                "pixels": picture.pixels,
                "thumbnail": picture.thumbnail,
                "vector": vector.astype("<f4").tobytes(),
                "added": added,
            }
            for number, (digest, (picture, vector)) in enumerate(
                embedded.items(), start=last + 1
            )
        ]
        insert = self.database.insert(folder_images)
        connection.execute(insert.on_conflict_do_nothing(), rows)

    def _remove(self, paths: Sequence[bytes]) -> None:
        for first in range(0, len(paths), BATCH):
            keys = list(map(key_of, paths[first : first + BATCH]))
            gone = self._of_files & folder_files.c.key.in_(keys)
            with self._changing() as connection:
                connection.execute(sa.delete(folder_files).where(gone))
                self._remove_images_without_files(connection)

    def _remove_images_without_files(self, connection: Connection) -> None:
        gone = self._of_images & ~is_held(self.system)
        connection.execute(sa.delete(folder_images).where(gone))

    # --- what there is ----------------------------------------------------------------

    def is_empty(self) -> bool:
        """Whether no image is indexed."""
        query = sa.select(folder_images.c.number).where(is_held(self.system)).limit(1)
        with self.database.reading() as connection:
            return connection.execute(query).first() is None

    def stamp(self) -> tuple[int, int]:
        """Return what differs after every change, and after every restore."""
        with self.database.reading() as connection:
            return epoch(connection), counter(connection, self._changes)

    def catalogue(
        self, version: str, whole_names: bool = True, **options: Any
    ) -> FolderCatalogue:
        """Return all images as they are now, ready to be searched.

        version : of the encoder that will embed queries
        whole_names : whether labels are whole paths, or names for strangers
        options : of the index, where nothing else was chosen

        Raises
        ------
        ValueError
            If there are no images, or they were embedded with another version.
        """
        c = folder_images.c
        query = sa.select(c.number, c.vector, c.added).where(is_held(self.system))
        with self.database.reading() as connection:
            self._check(connection, version)
            rows = connection.execute(query.order_by(c.number)).all()
            images = known_images(connection, self.system)
        if not rows:
            raise ValueError("The catalogue holds no images yet.")
        numbers, vectors, added = zip(*rows, strict=True)
        chosen = options | self.chosen()
        groups = np.arange(len(rows))
        if not chosen.pop("duplicates", False):
            groups = first_alike(images)
        metadata = CatalogueMetadata(
            np.frombuffer(b"".join(vectors), "<f4").reshape(len(rows), -1),
            groups,
            np.array([each.mark for each in images]),
            np.array(added, np.int64),
        )
        files = [each.file for each in images]
        names = files if whole_names else relative_names(files)
        labels = np.array(list(map(readable, names)))
        return FolderCatalogue(
            np.array(numbers, np.int64), labels, metadata, chosen, self.thumbnail
        )

    def _groups(self) -> list[list[KnownImage]]:
        """Images that look the same, where there are several; the first is shown."""
        with self.database.reading() as connection:
            images = known_images(connection, self.system)
        alike: dict[int, list[KnownImage]] = {}
        for first, image in zip(first_alike(images).tolist(), images, strict=True):
            alike.setdefault(first, []).append(image)
        return [group for group in alike.values() if len(group) > 1]

    def duplicates(self) -> list[list[str]]:
        """Files that hold the same image, or images that look the same.

        One list for each image that has several, the file that is shown first.
        """
        with self.database.reading() as connection:
            images = known_images(connection, self.system)
        alike: dict[int, list[str]] = {}
        for first, image in zip(first_alike(images).tolist(), images, strict=True):
            alike.setdefault(first, []).extend(map(readable, image.paths))
        return [names for names in alike.values() if len(names) > 1]

    def chosen(self) -> dict[str, Any]:
        """Return what ``choose`` was given."""
        c = folder_catalogues.c
        query = sa.select(c.recall, c.memory, c.duplicates).where(self._of_catalogue)
        with self.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        pairs = row.items() if row is not None else ()
        return {str(name): value for name, value in pairs if value is not None}

    def counts(self) -> dict[str, int]:
        """Number of images, of files, and of images that look like an earlier one."""
        files = sa.select(sa.func.count()).select_from(folder_files)
        with self.database.reading() as connection:
            images = known_images(connection, self.system)
            n_files = connection.execute(files.where(self._with_image)).scalar_one()
        n, n_groups = len(images), len(np.unique(first_alike(images)))
        return {"images": n, "files": n_files, "look_alikes": n - n_groups}

    def broken(self) -> list[str]:
        """One sentence for each file that cannot be used."""
        with self.database.reading() as connection:
            return problems_of(connection, self.system)

    def thumbnail(self, number: int) -> Array:
        """Return a small picture of an image, uint8 (height, width, 3)."""
        query = sa.select(folder_images.c.thumbnail)
        query = query.where(self._of_images, folder_images.c.number == number)
        with self.database.reading() as connection:
            data = connection.execute(query).scalar()
        if data is None:
            raise ValueError(f"There is no image {number} in the catalogue.")
        return read_image(data, mode="RGB")


def with_folders(
    system: ImageSearch, database: Database, whole_names: bool = True
) -> ImageSearch:
    """Return a system as it searches the folders that are indexed, where some are.

    It is stale as soon as anything of that changes. While no image is indexed it
    searches those of its generation.

    whole_names : whether images are called by whole paths, or by names for strangers

    Raises
    ------
    ValueError
        If they were embedded with another version of the encoder.
    """
    with database.reading() as connection:
        if not sa.inspect(connection).has_table(folder_images.name):
            return system  # a database without any tables, or of an earlier release
    folders = ImageFolders(database, system.name)
    loaded = folders.stamp()
    catalogue: Catalogue = system.trained_
    if not folders.is_empty():
        catalogue = folders.catalogue(
            system.manifest_.embedding_version,
            whole_names,
            recall=system.recall,
            memory=system.memory,
            n_jobs=system.n_jobs,
        )
    return system.with_catalogue(catalogue, lambda: folders.stamp() != loaded)
