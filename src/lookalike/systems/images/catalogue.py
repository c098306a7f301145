"""A folder's images in one database: what is new is read, the rest is known already.

Files are told apart by path, size and time, and by content where these changed; an
image is its content, however many files hold it. Every batch is one transaction, so
that Ctrl-C or a kill loses the batch that was being read and nothing else.
"""

import hashlib
import io
import json
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lookalike._typing import Array, Ints
from lookalike.features.image import read_image
from lookalike.features.perceptual_hash import difference_hash, groups_of, tiny
from lookalike.systems.images.encoders.base import Encoder, version_of

BATCH = 64
THUMBNAIL = 96  # pixels of its longer side
MOST_BYTES = 256 * 1024**2
ENDINGS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"),
    *(".ppm", ".pgm", ".jp2", ".heic", ".ico", ".tga"),
)
_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS images (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again
    digest TEXT NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    look BLOB NOT NULL,       -- perceptual hash, 8 bytes
    tiny BLOB NOT NULL,       -- 16 by 16 grey levels
    thumbnail BLOB NOT NULL,
    vector BLOB NOT NULL,     -- float32, little endian, of length one
    mark TEXT NOT NULL DEFAULT '',  -- '', 'blocked' or 'private'
    added INTEGER NOT NULL    -- microseconds since 1970
);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    digest TEXT,
    problem TEXT
);
CREATE INDEX IF NOT EXISTS files_by_digest ON files (digest);
"""
Report = Callable[[str, float], None]


@dataclass
class Added:
    """What a walk through a folder came to."""

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
class Contents:
    """All images of a catalogue, in the order in which they came."""

    numbers: Ints
    names: Array
    """The first file of each."""
    vectors: Array
    """float32 (n, n_dimensions)"""
    groups: Ints
    """Row of the first image that looks the same."""
    marks: Array
    """'', 'blocked' or 'private'"""
    added: Ints
    """Microseconds since 1970."""


class ImageCatalogue:
    """Images of folders, with their vectors, in one SQLite file.

    Parameters
    ----------
    file : path
        Made where it is not there.
    version : str
        Of the embedding; a catalogue of another one is refused.

    Raises
    ------
    ValueError
        If the file is no catalogue, or holds vectors of another embedding.
    """

    def __init__(self, file: str | os.PathLike[str], version: str) -> None:
        self.file = Path(file)
        self.version = version
        self.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._open() as connection:
                connection.executescript(_TABLES)
                connection.execute(
                    "INSERT OR IGNORE INTO settings VALUES ('version', ?)", [version]
                )
                row = connection.execute(
                    "SELECT value FROM settings WHERE name = 'version'"
                ).fetchone()
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{self.file} is no catalogue: {error}.") from None
        if row[0] != version:
            raise ValueError(
                f"{self.file} was embedded with version {row[0]}, this encoder makes "
                f"{version}: `lookalike index add FOLDER --afresh` embeds it again."
            )

    @staticmethod
    def forget(file: Path) -> None:
        """Remove a catalogue; the images themselves stay where they are."""
        for end in ("", "-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing where the body is interrupted."""
        connection = sqlite3.connect(self.file, timeout=10)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            with connection:
                yield connection
        finally:
            connection.close()

    def choose(self, **options: float | None) -> None:
        """Remember how the catalogue is to be indexed: ``recall``, ``memory``."""
        with self._open() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                [(k, json.dumps(v)) for k, v in options.items() if v is not None],
            )

    def chosen(self) -> dict[str, Any]:
        """What was chosen."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT name, value FROM settings WHERE name IN ('recall', 'memory')"
            )
            return {name: json.loads(value) for name, value in rows}

    def add(
        self,
        folder: str | os.PathLike[str],
        encoder: Encoder,
        report: Report | None = None,
    ) -> Added:
        """Bring the catalogue to what a folder holds now.

        Raises
        ------
        ValueError
            If the folder is none, or the encoder is not the catalogue's.
        """
        if version_of(encoder) != self.version:
            raise ValueError("The encoder is not the one of this catalogue.")
        root = Path(folder)
        if not root.is_dir():
            raise ValueError(f"{root} is no folder.")
        root = root.resolve()
        started, tell = time.perf_counter(), report or (lambda what, share: None)
        added = Added()
        found, problems = _files(root)
        added.broken += problems
        known = self._known(root)
        added.vanished = self._remove([path for path in known if path not in found])
        todo = []
        for path, seen in found.items():
            if path in known and known[path][:2] == seen:
                problem = known[path][2]
                added.unchanged += problem is None
                added.broken += [] if problem is None else [problem]
            else:
                todo.append(path)
        for first in range(0, len(todo), BATCH):
            batch = todo[first : first + BATCH]
            self._add_batch(batch, found, known, encoder, added)
            added.seconds = time.perf_counter() - started
            rate = f"{added.images_a_second:,.0f} images a second"
            tell(rate, (first + len(batch)) / len(todo))
        added.seconds = time.perf_counter() - started
        return added

    def _known(self, root: Path) -> dict[bytes, tuple[int, int, str | None]]:
        below = os.fsencode(root / "_")[:-1]
        with self._open() as connection:
            rows = connection.execute("SELECT path, size, modified, problem FROM files")
            return {
                row[0]: (row[1], row[2], row[3])
                for row in rows
                if row[0].startswith(below)
            }

    def _remove(self, paths: list[bytes]) -> int:
        with self._open() as connection:
            connection.executemany(
                "DELETE FROM files WHERE path = ?", [[path] for path in paths]
            )
            _sweep(connection)
        return len(paths)

    def _add_batch(
        self,
        paths: list[bytes],
        found: dict[bytes, tuple[int, int]],
        known: dict[bytes, Any],
        encoder: Encoder,
        added: Added,
    ) -> None:
        """Read files, embed what no file held before, and write all of it at once."""
        rows, pictures = [], {}
        with self._open() as connection:
            there = {r[0] for r in connection.execute("SELECT digest FROM images")}
        for path in paths:
            digest = problem = None
            try:
                data = _contents(path)
                digest = hashlib.sha256(data).hexdigest()
                if digest not in there and digest not in pictures:
                    pictures[digest] = _picture(data, encoder)
            except ValueError as error:
                problem = _named(path, str(error))
                digest = None
                added.broken.append(problem)
            else:
                added.changed += path in known
                added.new += path not in known
            rows.append((path, *found[path], digest, problem))
        vectors = _embedded([p["tile"] for p in pictures.values()], encoder)
        moment = time.time_ns() // 1000
        with self._open() as connection:
            for (digest, picture), vector in zip(
                pictures.items(), vectors, strict=True
            ):
                connection.execute(
                    "INSERT OR IGNORE INTO images (digest, width, height, look, tiny, "
                    "thumbnail, vector, added) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (digest, *picture["facts"], vector.astype("<f4").tobytes(), moment),
                )
            connection.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows
            )
            _sweep(connection)
        added.embedded += len(pictures)

    def mark(self, name: str, mark: str) -> None:
        """Mark the image of a file '', 'blocked' or 'private'.

        Raises
        ------
        ValueError
            If no such file is known.
        """
        if mark not in ("", "blocked", "private"):
            raise ValueError(f"The mark must be '', blocked or private, got {mark!r}.")
        path = os.fsencode(Path(name).resolve())
        with self._open() as connection:
            changed = connection.execute(
                "UPDATE images SET mark = ? WHERE digest = "
                "(SELECT digest FROM files WHERE path = ?)",
                [mark, path],
            ).rowcount
        if not changed:
            raise ValueError(f"{name} is not in the catalogue.")

    def contents(self) -> Contents:
        """All images, in the order in which they came."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT number, vector, look, tiny, mark, added, (SELECT MIN(path) "
                "FROM files WHERE files.digest = images.digest) FROM images "
                "ORDER BY number"
            ).fetchall()
        if not rows:
            raise ValueError(f"{self.file} holds no images yet.")
        numbers, vectors, looks, tinies, marks, added, paths = zip(*rows, strict=True)
        alike = _looks(list(zip(looks, tinies, strict=True)))
        return Contents(
            np.array(numbers, np.int64),
            np.array([readable(path) for path in paths]),
            np.frombuffer(b"".join(vectors), "<f4").reshape(len(rows), -1),
            groups_of(*alike),
            np.array(marks),
            np.array(added, np.int64),
        )

    def stamp(self) -> tuple[Any, ...]:
        """Differs after every change: what came, went, moved, was marked or chosen."""
        with self._open() as connection:
            images = connection.execute(
                "SELECT mark, COUNT(*), TOTAL(number), TOTAL(added) FROM images "
                "GROUP BY mark"
            )
            files = "SELECT COUNT(*), MAX(rowid) FROM files WHERE digest IS NOT NULL"
            return (
                *images.fetchall(),
                connection.execute(files).fetchone(),
                *connection.execute("SELECT * FROM settings ORDER BY name").fetchall(),
            )

    def counts(self) -> dict[str, int]:
        """Number of images, of files, and of images that look like an earlier one."""
        with self._open() as connection:
            n_files = connection.execute(
                "SELECT COUNT(*) FROM files WHERE digest IS NOT NULL"
            ).fetchone()[0]
            looks = connection.execute("SELECT look, tiny FROM images").fetchall()
        n = len(looks)
        n_alike = 0
        if n:
            groups = groups_of(*_looks(looks))
            n_alike = n - len(np.unique(groups))
        return {"images": n, "files": n_files, "look_alikes": n_alike}

    def broken(self) -> list[str]:
        """One sentence for each file that cannot be used."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT problem FROM files WHERE problem IS NOT NULL ORDER BY path"
            )
            return [row[0] for row in rows]

    def thumbnail(self, number: int) -> Array:
        """A small picture of an image, uint8 (height, width, 3)."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT thumbnail FROM images WHERE number = ?", [int(number)]
            ).fetchone()
        if row is None:
            raise ValueError(f"There is no image {number} in {self.file}.")
        return read_image(row[0], mode="RGB")


def _looks(rows: list[tuple[bytes, bytes]]) -> tuple[Array, Array]:
    hashes = np.frombuffer(b"".join(look for look, _ in rows), ">u8")
    small = np.frombuffer(b"".join(tiny for _, tiny in rows), np.uint8)
    return hashes.astype(np.uint64), small.reshape(len(rows), -1)


def readable(path: bytes) -> str:
    """A path as text, bytes that are none written as such."""
    return path.decode("utf-8", "backslashreplace")


def _named(path: bytes, problem: str) -> str:
    name = readable(path)
    if name in problem:
        return problem
    return (
        f"{name}{problem.removeprefix('The image')}"
        if problem.startswith("The image ")
        else f"{name}: {problem}"
    )


def _files(root: Path) -> tuple[dict[bytes, tuple[int, int]], list[str]]:
    """Image files below a folder by path, with size and time; and what went wrong.

    Links are followed; a folder that was seen before is not entered again.
    """
    found: dict[bytes, tuple[int, int]] = {}
    problems: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting = [os.fsencode(root)]
    while waiting:
        folder = waiting.pop()
        try:
            about = os.stat(folder)
            entries = sorted(os.listdir(folder))
        except OSError as error:
            problems.append(f"{readable(folder)} cannot be read: {error.strerror}.")
            continue
        if (about.st_dev, about.st_ino) in seen:
            continue
        seen.add((about.st_dev, about.st_ino))
        inside = []
        for entry in entries:
            if entry.startswith(b"."):
                continue
            path = os.path.join(folder, entry)
            try:
                facts = os.stat(path)
            except OSError as error:
                problems.append(f"{readable(path)} cannot be read: {error.strerror}.")
                continue
            if stat.S_ISDIR(facts.st_mode):
                inside.append(path)
            elif entry.lower().endswith(tuple(map(os.fsencode, ENDINGS))):
                found[path] = (facts.st_size, facts.st_mtime_ns)
        waiting += reversed(inside)
    return found, problems


def _contents(path: bytes) -> bytes:
    """The bytes of a file, or one sentence why not."""
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("The image is not a regular file.")
        if facts.st_size == 0:
            raise ValueError("The image is empty (0 bytes).")
        if facts.st_size > MOST_BYTES:
            raise ValueError(f"The image has more than {MOST_BYTES:,} bytes.")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError(f"The image cannot be read: {error.strerror}.") from None


def _picture(data: bytes, encoder: Encoder) -> dict[str, Any]:
    """What is kept of a picture, and the tile that is embedded."""
    image = read_image(data, mode="RGB")
    small = Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    if max(image.shape[:2]) <= THUMBNAIL:
        small.save(stream, "PNG")
    else:
        small.save(stream, "JPEG", quality=80)
    look = difference_hash(image).to_bytes(8, "big")
    size = (image.shape[1], image.shape[0])
    return {
        "tile": encoder.preparation.tile(image),
        "facts": (*size, look, tiny(image).tobytes(), stream.getvalue()),
    }


def _embedded(tiles: list[Array], encoder: Encoder) -> Array:
    if not tiles:
        return np.empty((0, 0), np.float32)
    return encoder.transform(np.stack(tiles))


def _sweep(connection: sqlite3.Connection) -> None:
    """Forget images that no file holds any more."""
    connection.execute(
        "DELETE FROM images WHERE digest NOT IN "
        "(SELECT digest FROM files WHERE digest IS NOT NULL)"
    )
