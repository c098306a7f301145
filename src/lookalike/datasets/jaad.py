"""JAAD: pedestrians seen from a car in 346 clips, from its annotations alone.

The archive holds XML of each clip: boxes and what people do, attributes of people, the
street and the car. XML of strangers can be made to grow without end: a document with a
type declaration, from which entities come, is refused, and so is one that is too large.

References
----------
.. [1] Rasouli, Kotseruba and Tsotsos (2017). "Are they going to cross? A benchmark
   dataset and baseline for pedestrian crosswalk behavior". ICCV workshops.
"""

import os
import zipfile
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from lookalike.datasets.locate import checksum, find
from lookalike.datasets.members import DAMAGED
from lookalike.datasets.streets import (
    SIGNS,
    VEHICLE_ACTIONS,
    Clip,
    Person,
    StreetClips,
)

_PARTS = {"train": "train", "val": "validation", "test": "test"}
_MOST_BYTES = 32 << 20
"""Of one file, unpacked; the largest of JAAD has 3.5 MB."""
_MOST_FILES = 20_000
_SIDES = ("xtl", "ytl", "xbr", "ybr")
_GROUP = "people"
"""The label of boxes around several people."""


def load_jaad(path: str | os.PathLike[str] | None = None) -> StreetClips:
    """Load JAAD's clips in the benchmark's parts: 177, 29 and 117 of them [1]_.

    Clips in poor light, which the benchmark leaves out, are left out.

    Parameters
    ----------
    path : path, default=None
        The archive; None looks where :func:`lookalike.datasets.find` looks.

    Raises
    ------
    ValueError
        If a file is not of this form; the message names it.
    """
    return read_clips(find("jaad_annotations", path), "jaad_annotations")


def load_own_clips(path: str | os.PathLike[str]) -> StreetClips:
    """Load clips of one's own: a zip archive in JAAD's form."""
    return read_clips(Path(path), Path(path).stem)


def read_clips(path: Path, name: str) -> StreetClips:
    """Read an archive in JAAD's form.

    It has ``annotations/X.xml``, ``annotations_attributes/X_attributes.xml``,
    ``annotations_traffic/X_traffic.xml`` and ``annotations_vehicle/X_vehicle.xml`` for
    each clip X that ``split_ids/default/train.txt``, ``val.txt`` or ``test.txt`` names.

    Raises
    ------
    ValueError
        If it is no such archive, or one of its files is damaged, too large or has
        entities.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > _MOST_FILES:
                raise ValueError(f"{path} has more than {_MOST_FILES:,} files.")
            clips = tuple(_clips(archive, str(path)))
    except DAMAGED as error:
        raise ValueError(f"{path} is no whole zip archive: {error}.") from None
    if not any(clip.part == "train" for clip in clips):
        raise ValueError(f"{path} names no clip in split_ids/default/train.txt.")
    return StreetClips(name, checksum(path), clips)


def _clips(archive: zipfile.ZipFile, path: str) -> Iterator[Clip]:
    seen: set[str] = set()
    for file, part in _PARTS.items():
        listed = _read(archive, path, f"split_ids/default/{file}.txt")
        for name in listed.decode("utf-8", "replace").split():
            if name in seen:
                raise ValueError(f"{path}: the clip {name} is in two parts.")
            seen.add(name)
            yield _clip(archive, path, name, part)


def _clip(archive: zipfile.ZipFile, path: str, name: str, part: str) -> Clip:
    def parsed(file: str, reader: Any) -> Any:
        return _parse(_read(archive, path, file), reader, f"{path}, {file}")

    boxes = parsed(f"annotations/{name}.xml", _Boxes())
    about = parsed(f"annotations_attributes/{name}_attributes.xml", _Attributes()).found
    frames = parsed(f"annotations_vehicle/{name}_vehicle.xml", _Frames()).found
    street = parsed(f"annotations_traffic/{name}_traffic.xml", _Frames()).found
    n_frames = boxes.n_frames
    vehicle = np.full(n_frames, -1)
    signs = np.zeros((n_frames, len(SIGNS)), bool)
    codes = {action: code for code, action in enumerate(VEHICLE_ACTIONS)}
    for at, said in frames:
        if at < n_frames:
            vehicle[at] = codes.get(said.get("action"), -1)
    for at, said in street:
        if at < n_frames:
            light = said.get("traffic_light")
            signs[at] = (
                said.get("ped_crossing") == "1",
                said.get("ped_sign") == "1",
                said.get("stop_sign") == "1",
                light == "green",
                light == "red",
            )
    people = [_person(id, rows, about.get(id)) for id, rows in boxes.tracks]
    sizes = boxes.width, boxes.height
    return Clip(name, part, *sizes, vehicle, signs, tuple(people))


def _person(id: str, rows: list[list[float]], about: Any) -> Person:
    found = np.array(rows, np.float64)
    found = found[np.argsort(found[:, 0], kind="stable")]
    crosses, event, designated = False, None, None
    if about is not None:
        crosses = about.get("crossing") == "1"
        point = int(about.get("crossing_point", -1))
        event = point if point >= 0 else None
        designated = about.get("designated") == "D"
    frame = found[:, 0].astype(np.int64)
    return Person(
        id, frame, found[:, 1:].copy(), crosses, event, designated, about is not None
    )


class _Boxes:
    """Tracks of people from ``annotations``; groups and what people do are left out.

    Nine of ten elements are attributes that are not looked at: what an element holds is
    listened to only where it is needed.
    """

    def __init__(self) -> None:
        self.tracks: list[tuple[str, list[list[float]]]] = []
        self.width = self.height = self.n_frames = 0
        self._label, self._id = "", ""
        self._rows: list[list[float]] = []
        self._text = ""

    def begin(self, parser: Any) -> None:
        self._parser = parser

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "attribute":
            if not self._id and said.get("name") == "id":
                self._listen()
        elif tag == "box":
            if said["outside"] != "1":
                self._rows.append(_row(said))
        elif tag == "track":
            self._end_track()
            self._label, self._id, self._rows = said["label"], "", []
        elif tag in ("size", "width", "height"):
            self._listen()

    def _listen(self) -> None:
        self._text = ""
        self._parser.CharacterDataHandler = self._hear
        self._parser.EndElementHandler = self._end

    def _hear(self, piece: str) -> None:
        self._text += piece

    def _end(self, tag: str) -> None:
        self._parser.CharacterDataHandler = self._parser.EndElementHandler = None
        if tag == "size":
            self.n_frames = _whole(self._text, "size", 1_000_000)
        elif tag == "width":
            self.width = _whole(self._text, "width", 100_000)
        elif tag == "height":
            self.height = _whole(self._text, "height", 100_000)
        else:
            self._id = self._text

    def _end_track(self) -> None:
        if self._rows and self._label != _GROUP:
            self.tracks.append((self._id, self._rows))

    def finish(self) -> None:
        self._end_track()
        if not (self.n_frames and self.width and self.height):
            raise ValueError("it does not tell the size of the clip")


def _row(said: dict[str, str]) -> list[float]:
    row = [float(said["frame"]), *(float(said[side]) for side in _SIDES)]
    if not (all(map(isfinite, row)) and row[0] >= 0):
        raise ValueError(f"a box must be five finite numbers, got {row}")
    return row


def _whole(text: str, what: str, most: int) -> int:
    if not text.strip().isdecimal() or not 0 < int(text) <= most:
        raise ValueError(f"{what} must be from 1 to {most:,}, got {text[:40]!r}")
    return int(text)


class _Attributes:
    """What is said of each person in ``annotations_attributes``."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, str]] = {}

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "pedestrian":
            self.found[said["id"]] = said


class _Frames:
    """What is said of each frame of the street or the car."""

    def __init__(self) -> None:
        self.found: list[tuple[int, dict[str, str]]] = []

    def start(self, tag: str, said: dict[str, str]) -> None:
        if tag == "frame":
            self.found.append((int(said["id"]), said))


def _read(archive: zipfile.ZipFile, path: str, file: str) -> bytes:
    """Return a file of the archive, however large it says that it is."""
    try:
        with archive.open(file) as opened:
            contents = opened.read(_MOST_BYTES + 1)
    except KeyError:
        raise ValueError(f"{path} has no file {file}.") from None
    if len(contents) > _MOST_BYTES:
        raise ValueError(
            f"{path}, {file}: a file may have {_MOST_BYTES >> 20} MB unpacked; this "
            "one has more."
        )
    return contents


def _parse(contents: bytes, reader: Any, where: str) -> Any:
    """Let a reader see a document, and return it; one with a doctype is refused."""
    parser = expat.ParserCreate()
    if hasattr(reader, "begin"):
        reader.begin(parser)
    parser.StartElementHandler = reader.start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(contents, True)
        if hasattr(reader, "finish"):
            reader.finish()
    except expat.ExpatError as error:
        raise ValueError(f"{where} is damaged XML: {error}.") from None
    except KeyError as error:
        raise ValueError(f"{where}: an element has no {error}.") from None
    except ValueError as error:
        line = parser.CurrentLineNumber
        raise ValueError(f"{where}, line {line}: {error}.") from None
    return reader


def _refuse_doctype(*about: Any) -> None:
    raise ValueError("a document may not declare a type, which entities come from")
