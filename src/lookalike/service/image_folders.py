"""The user's own folders of images, in the service's database: what image search finds.

An image is its content, however many files hold it. Every batch of files is one
transaction, so that Ctrl-C or a kill loses the batch that was being read and nothing
else. Every change takes a number of a counter, by which a system that was loaded before
knows that it is stale.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._typing import Array, Ints
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.features.image import read_image
from lookalike.features.perceptual_hash import groups_of
from lookalike.features.preparation import Preparation
from lookalike.search.vector_index import VectorIndex
from lookalike.service.database import Database
from lookalike.service.database.connection import now
from lookalike.service.database.items import counter, epoch, put, take
from lookalike.service.database.tables import (
    folder_catalogues,
    folder_files,
    folder_images,
)
from lookalike.systems.images.catalogue import Catalogue
from lookalike.systems.images.encoders.base import Encoder, version_of
from lookalike.systems.images.folder import (
    FileState,
    Picture,
    changes,
    digest_of,
    named_problem,
    picture_of,
    read_file,
    readable,
)
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


@dataclass(frozen=True)
class FolderCatalogue:
    """All images of the folders, in the order in which they came.

    numbers : (n_images,)
    labels : str (n_images,), the first file of each
    options : of the index
    """

    numbers: Ints
    labels: Array
    metadata: CatalogueMetadata
    folders: "ImageFolders"
    options: Mapping[str, Any]

    @cached_property
    def ids(self) -> list[str]:
        """Numbers of the images."""
        return list(map(str, self.numbers.tolist()))

    @cached_property
    def index(self) -> VectorIndex:
        """Over the vectors."""
        return VectorIndex(self.metadata.vectors, **self.options)

    def name(self, row: int) -> str:
        """Return the first file of an image."""
        return str(self.labels[row])

    def picture(self, row: int) -> Array:
        """Return a small picture of an image, uint8 (height, width, 3)."""
        return self.folders.thumbnail(int(self.numbers[row]))


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
        self._with_image = self._of_files & folder_files.c.digest.is_not(None)
        self._changes = f"folders:{system}"  # the counter that every change raises
        self._numbers = f"folder_images:{system}"  # that of the images' numbers

    # --- changes ----------------------------------------------------------------------

    def add(
        self,
        folder: str | os.PathLike[str],
        encoder: Encoder,
        on_progress: ProgressCallback = no_progress,
    ) -> IndexingResult:
        """Bring what is indexed to what a folder holds now.

        Raises
        ------
        ValueError
            If the folder is none, or other vectors are of another encoder.
        """
        root = Path(folder)
        if not root.is_dir():
            raise ValueError(f"{root} is no folder.")
        root = root.resolve()
        started, version = time.perf_counter(), version_of(encoder)
        with self.database.writing() as connection:
            self._claim(connection, version)
        known = self._known_below(root)
        found = changes(root, known)
        result = IndexingResult(
            vanished=len(found.vanished),
            unchanged=found.n_unchanged,
            broken=found.problems,
        )
        files = list(found.to_read.items())
        for first in range(0, len(files), BATCH):
            batch = files[first : first + BATCH]
            rows, pictures = self._read(batch, known, encoder.preparation, result)
            vectors = _embedded(pictures, encoder)
            with self._changing() as connection:
                self._claim(connection, version)
                self._insert(connection, pictures, vectors)
                put(self.database, connection, folder_files, rows)
                if any(path in known for path, _ in batch):
                    self._remove_images_without_files(connection)
            result.embedded += len(pictures)
            result.seconds = time.perf_counter() - started
            rate = f"{result.images_a_second:,.0f} images a second"
            on_progress(rate, (first + len(batch)) / len(files))
        self._remove(found.vanished)  # last: a file that moved keeps its image
        result.seconds = time.perf_counter() - started
        return result

    def choose(self, recall: float | None = None, memory: int | None = None) -> None:
        """Remember how the images are to be indexed; None leaves what is there."""
        given = {"recall": recall, "memory": memory}
        chosen = {name: value for name, value in given.items() if value is not None}
        if chosen:
            update = sa.update(folder_catalogues).where(self._of_catalogue)
            with self._changing() as connection:
                connection.execute(update.values(chosen))

    def mark(self, name: str, mark: str) -> None:
        """Mark the image of a file "", "blocked" or "private".

        Raises
        ------
        ValueError
            If no such file is indexed.
        """
        if mark not in MARKS:
            raise ValueError(f"The mark must be '', blocked or private, got {mark!r}.")
        key = _key(os.fsencode(Path(name).resolve()))
        digest = sa.select(folder_files.c.digest)
        digest = digest.where(self._of_files, folder_files.c.key == key)
        same = folder_images.c.digest == digest.scalar_subquery()
        update = sa.update(folder_images).where(self._of_images, same)
        with self._changing() as connection:
            if not connection.execute(update.values(mark=mark)).rowcount:
                raise ValueError(f"{name} is not in the catalogue.")

    def forget(self) -> None:
        """Forget everything that is indexed; the files stay where they are."""
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

    def _known_below(self, root: Path) -> dict[bytes, FileState]:
        below = os.fsencode(root / "_")[:-1]
        c = folder_files.c
        query = sa.select(c.path, c.size, c.modified, c.problem).where(self._of_files)
        with self.database.reading() as connection:
            return {
                path: FileState(*state)
                for path, *state in connection.execute(query)
                if path.startswith(below)
            }

    def _read(
        self,
        batch: Sequence[tuple[bytes, FileState]],
        known: Mapping[bytes, FileState],
        preparation: Preparation,
        result: IndexingResult,
    ) -> tuple[list[dict[str, Any]], dict[str, Picture]]:
        """Read files: their rows, and by digest what no file held before."""
        rows: list[dict[str, Any]] = []
        pictures: dict[str, Picture] = {}
        with self.database.reading() as connection:
            for path, state in batch:
                digest = problem = None
                try:
                    data = read_file(path)
                    digest = digest_of(data)
                    if digest not in pictures and not self._has(connection, digest):
                        pictures[digest] = picture_of(data, preparation)
                except ValueError as error:
                    digest, problem = None, named_problem(path, str(error))
                    result.broken.append(problem)
                else:
                    result.changed += path in known
                    result.new += path not in known
                row: dict[str, Any] = {"system": self.system, "key": _key(path)}
                row |= {"path": path, "size": state.size, "modified": state.modified}
                rows.append({**row, "digest": digest, "problem": problem})
        return rows, pictures

    def _has(self, connection: Connection, digest: str) -> bool:
        query = sa.select(folder_images.c.number)
        query = query.where(self._of_images, folder_images.c.digest == digest)
        return connection.execute(query).first() is not None

    def _insert(
        self, connection: Connection, pictures: Mapping[str, Picture], vectors: Array
    ) -> None:
        if not pictures:
            return
        last = take(self.database, connection, self._numbers, len(pictures))
        found = zip(pictures.items(), vectors, strict=True)
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
                "thumbnail": picture.thumbnail,
                "vector": vector.astype("<f4").tobytes(),
                "mark": "",
                "added": added,
            }
            for number, ((digest, picture), vector) in enumerate(found, start=last + 1)
        ]
        insert = self.database.insert(folder_images)
        connection.execute(insert.on_conflict_do_nothing(), rows)

    def _remove(self, paths: Sequence[bytes]) -> None:
        for first in range(0, len(paths), BATCH):
            keys = list(map(_key, paths[first : first + BATCH]))
            gone = self._of_files & folder_files.c.key.in_(keys)
            with self._changing() as connection:
                connection.execute(sa.delete(folder_files).where(gone))
                self._remove_images_without_files(connection)

    def _remove_images_without_files(self, connection: Connection) -> None:
        held = sa.select(folder_files.c.digest).where(self._with_image)
        gone = self._of_images & folder_images.c.digest.not_in(held)
        connection.execute(sa.delete(folder_images).where(gone))

    # --- what there is ----------------------------------------------------------------

    def check_version(self, version: str) -> None:
        """Refuse another version of the encoder than that of the vectors."""
        with self.database.reading() as connection:
            self._check(connection, version)

    def is_empty(self) -> bool:
        """Whether no image is indexed."""
        query = sa.select(folder_images.c.number).where(self._of_images).limit(1)
        with self.database.reading() as connection:
            return connection.execute(query).first() is None

    def stamp(self) -> tuple[int, int]:
        """Return what differs after every change, and after every restore."""
        with self.database.reading() as connection:
            return epoch(connection), counter(connection, self._changes)

    def catalogue(self, version: str, **options: Any) -> FolderCatalogue:
        """Return all images as they are now, ready to be searched.

        version : of the encoder that will embed queries
        options : of the index, where nothing else was chosen

        Raises
        ------
        ValueError
            If there are no images, or they were embedded with another version.
        """
        c = folder_images.c
        query = sa.select(c.number, c.digest, c.vector, c.look, c.tiny, c.mark, c.added)
        files = sa.select(folder_files.c.digest, folder_files.c.path)
        with self.database.reading() as connection:
            self._check(connection, version)
            ordered = query.where(self._of_images).order_by(c.number)
            rows = connection.execute(ordered).all()
            paths: dict[str, bytes] = {}
            for digest, path in connection.execute(files.where(self._with_image)):
                paths[digest] = min(paths.get(digest, path), path)
        if not rows:
            raise ValueError("The catalogue holds no images yet.")
        numbers, digests, vectors, looks, tinies, marks, added = zip(*rows, strict=True)
        metadata = CatalogueMetadata(
            np.frombuffer(b"".join(vectors), "<f4").reshape(len(rows), -1),
            _groups(looks, tinies),
            np.array(marks),
            np.array(added, np.int64),
        )
        labels = np.array([readable(paths[digest]) for digest in digests])
        chosen = options | self.chosen()
        return FolderCatalogue(
            np.array(numbers, np.int64), labels, metadata, self, chosen
        )

    def chosen(self) -> dict[str, Any]:
        """Return what ``choose`` was given."""
        c = folder_catalogues.c
        query = sa.select(c.recall, c.memory).where(self._of_catalogue)
        with self.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        pairs = row.items() if row is not None else ()
        return {str(name): value for name, value in pairs if value is not None}

    def counts(self) -> dict[str, int]:
        """Number of images, of files, and of images that look like an earlier one."""
        looks = sa.select(folder_images.c.look, folder_images.c.tiny)
        files = sa.select(sa.func.count()).select_from(folder_files)
        with self.database.reading() as connection:
            rows = connection.execute(looks.where(self._of_images)).all()
            n_files = connection.execute(files.where(self._with_image)).scalar_one()
        n, n_groups = len(rows), 0
        if rows:
            n_groups = len(np.unique(_groups(*zip(*rows, strict=True))))
        return {"images": n, "files": n_files, "look_alikes": n - n_groups}

    def broken(self) -> list[str]:
        """One sentence for each file that cannot be used."""
        c = folder_files.c
        query = sa.select(c.path, c.problem)
        query = query.where(self._of_files, c.problem.is_not(None))
        with self.database.reading() as connection:
            rows = sorted(
                (path, problem) for path, problem in connection.execute(query)
            )
        return [problem for _, problem in rows]

    def thumbnail(self, number: int) -> Array:
        """Return a small picture of an image, uint8 (height, width, 3)."""
        query = sa.select(folder_images.c.thumbnail)
        query = query.where(self._of_images, folder_images.c.number == number)
        with self.database.reading() as connection:
            data = connection.execute(query).scalar()
        if data is None:
            raise ValueError(f"There is no image {number} in the catalogue.")
        return read_image(data, mode="RGB")


def with_folders(system: ImageSearch, database: Database) -> ImageSearch:
    """Return a system as it searches the folders that are indexed, where some are.

    It is stale as soon as anything of that changes. While no image is indexed it
    searches those of its generation.

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
            recall=system.recall,
            memory=system.memory,
            n_jobs=system.n_jobs,
        )
    return system.with_catalogue(catalogue, lambda: folders.stamp() != loaded)


def _key(path: bytes) -> str:
    return hashlib.sha256(path).hexdigest()


def _embedded(pictures: Mapping[str, Picture], encoder: Encoder) -> Array:
    if not pictures:
        return np.empty((0, 0), np.float32)
    return encoder.transform(np.stack([each.tile for each in pictures.values()]))


def _groups(looks: Sequence[bytes], tinies: Sequence[bytes]) -> Ints:
    """Row of the first image that looks the same."""
    hashes = np.frombuffer(b"".join(looks), ">u8").astype(np.uint64)
    small = np.frombuffer(b"".join(tinies), np.uint8)
    return groups_of(hashes, small.reshape(len(hashes), -1))
