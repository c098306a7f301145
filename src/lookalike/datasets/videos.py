"""Videos with titles and descriptions: published ones, and the user's own folder."""

import csv
import gzip
import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Array
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import find
from lookalike.features.folder_files import folder_contents, readable
from lookalike.features.image import read_image
from lookalike.features.video.opening import VIDEOS

CAPTIONS = "captions.tsv"
"""The table of titles and descriptions beside the files of a folder."""
N_DESCRIBING = 5
"""Captions of MSR-VTT that stand for a description."""
Source = Path | tuple[Array, ...] | None
"""A video file; photographs in their order; or nothing, where there are no pixels."""


@dataclass(frozen=True)
class VideoCollection:
    """Videos in words and pixels, and queries that each have one right video.

    ids : of the videos; those of a folder are paths below it
    titles, descriptions : of each video; either may be empty
    sources : the pixels of each video
    queries : text and id of the right video, to measure with
    training : further pairs of texts that are about one video each, with the number of
        that video, to learn from
    validation : videos with queries on which weights are chosen
    families : of each video what it is a kind of, empty where nothing is known
    root : the folder of the files, None where there is none
    problems : what was left out when they were read, in sentences
    """

    name: str
    checksum: str
    ids: list[str]
    titles: list[str]
    descriptions: list[str]
    sources: Sequence[Source]
    queries: list[tuple[str, str]] = field(default_factory=list)
    training: list[tuple[str, str, int]] = field(default_factory=list)
    validation: "VideoCollection | None" = None
    families: list[str] = field(default_factory=list)
    root: Path | None = None
    problems: tuple[str, ...] = ()

    def part(self, rows: Sequence[int] | Array) -> "VideoCollection":
        """Return some of the videos, and the queries for them."""
        kept = np.asarray(rows).tolist()
        ids = [self.ids[row] for row in kept]
        there = set(ids)
        return VideoCollection(
            self.name,
            self.checksum,
            ids,
            [self.titles[row] for row in kept],
            [self.descriptions[row] for row in kept],
            [self.sources[row] for row in kept],
            [pair for pair in self.queries if pair[1] in there],
            self.training,
            self.validation,
            [self.families[row] for row in kept] if self.families else [],
            self.root,
            self.problems,
        )


def load_videos(path: str | os.PathLike[str]) -> VideoCollection:
    """Read a folder of videos, and its captions where there are some.

    A title is what ``captions.tsv`` beside the files says (columns file, title,
    description), or else the name of the file with its separators as spaces. Files are
    opened when they are learned from, not here.

    Raises
    ------
    ValueError
        If it is no folder, or holds no video file, or the captions are no such table.
    """
    root = Path(path)
    if not root.is_dir():
        raise ValueError(f"{shown(root)} is no folder; expected one of video files.")
    found = folder_contents(root, VIDEOS)
    problems = list(found.problems)
    captions = read_captions(root)
    ids, titles, descriptions = [], [], []
    sources: list[Source] = []
    parts = []
    for file, facts in found.files.items():
        try:
            id = Path(os.fsdecode(file)).relative_to(root).as_posix()
            id.encode()
        except UnicodeEncodeError:
            problems.append(f"{readable(file)}: its name is no text in UTF-8.")
            continue
        title, description = captions.pop(id, (_title_of(id), ""))
        ids.append(id)
        titles.append(title)
        descriptions.append(description)
        sources.append(Path(os.fsdecode(file)))
        parts.append(
            f"{id}\t{facts.st_size}\t{facts.st_mtime_ns}\t{title}\t{description}"
        )
    if not ids:
        endings = ", ".join(VIDEOS)
        raise ValueError(f"{shown(root)} holds no video; expected files of {endings}.")
    problems += [
        f"{CAPTIONS} names {shown(name)}, which is not there." for name in captions
    ]
    checksum = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return VideoCollection(
        root.name,
        checksum,
        ids,
        titles,
        descriptions,
        sources,
        root=root.resolve(),
        problems=tuple(problems),
    )


def read_captions(root: Path) -> dict[str, tuple[str, str]]:
    """Return title and description of each file that a folder's captions name.

    Raises
    ------
    ValueError
        If there is a table and it lacks the column "file", or is no text in UTF-8.
    """
    path = root / CAPTIONS
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{CAPTIONS} is no text in UTF-8.") from None
    rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    if "file" not in (rows.fieldnames or ()):
        raise ValueError(
            f"{CAPTIONS} must have the columns file, title and description, with tabs "
            f"between; got {', '.join(rows.fieldnames or ()) or 'nothing'}."
        )
    return {
        row["file"]: (
            (row.get("title") or "").strip(),
            (row.get("description") or "").strip(),
        )
        for row in rows
        if row["file"]
    }


def _cell(row: dict[str, Any], column: str) -> str:
    return (row.get(column) or "").strip()


def load_video_clips(path: str | os.PathLike[str] | None = None) -> VideoCollection:
    """Load 50 real video files with titles and descriptions.

    Titles and descriptions were written for this set: they are no ground truth.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    found = load_videos(find("video_clips", path))
    published = CATALOGUE["video_clips"].files
    checksum = hashlib.sha256("".join(f.sha256 for f in published).encode()).hexdigest()
    return _renamed(found, "video_clips", checksum)


def load_msrvtt_captions(
    path: str | os.PathLike[str] | None = None,
) -> VideoCollection:
    """Load the test part of MSR-VTT in words, with the others to learn from.

    ``training`` pairs each caption of the training videos with another one of the same
    video; ``validation`` is the validation part. See ``load_msrvtt_part``.
    """
    rng = np.random.default_rng(0)
    pairs = []
    for number, captions in enumerate(captions_of("train", path).values()):
        others = np.roll(np.arange(len(captions)), -rng.integers(1, len(captions)))
        pairs += [
            (captions[at], captions[other], number) for at, other in enumerate(others)
        ]
    found, validation = (load_msrvtt_part(n, path) for n in ("test", "validation"))
    more = {"name": "msrvtt_captions", "training": pairs, "validation": validation}
    return VideoCollection(**{**vars(found), **more})


def load_msrvtt_part(
    part: str = "test", path: str | os.PathLike[str] | None = None
) -> VideoCollection:
    """Load videos of MSR-VTT in words; there are no pixels.

    Each video has 20 captions. In an order that is drawn once, the first asks for the
    video, the second is its title, and the next five are its description.

    Parameters
    ----------
    part : {"train", "validation", "test"}
        Of the original split: 6,513, 497 and 2,990 videos.
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    found = captions_of(part, path)
    rng = np.random.default_rng(0)
    ids, titles, descriptions, queries = [], [], [], []
    for id, captions in found.items():
        order = rng.permutation(len(captions)).tolist()
        ids.append(id)
        queries.append((captions[order[0]], id))
        titles.append(captions[order[1]])
        described = [captions[at] for at in order[2 : 2 + N_DESCRIBING]]
        descriptions.append("\n".join(described))
    whole = CATALOGUE["msrvtt_captions"].files
    return VideoCollection(
        f"msrvtt_captions {part}",
        whole[part != "test"].sha256,
        ids,
        titles,
        descriptions,
        [None] * len(ids),
        queries,
    )


def captions_of(
    part: str, path: str | os.PathLike[str] | None = None
) -> dict[str, list[str]]:
    """Return all captions of each video of a part of MSR-VTT, in their own order."""
    names = {"train": "train", "validation": "validate", "test": "test"}
    if part not in names:
        raise ValueError(f"part must be one of {', '.join(names)}; got {part!r}.")
    folder = find("msrvtt_captions", path)
    file = (
        "test_videodatainfo.json.zip" if part == "test" else "train_val_annotation.zip"
    )
    document = json.loads(_only_json(folder / file))
    mine = {
        video["video_id"]: list[tuple[int, str]]()
        for video in sorted(document["videos"], key=lambda each: each["id"])
        if video["split"] == names[part]
    }
    for sentence in document["sentences"]:
        if sentence["video_id"] in mine:
            mine[sentence["video_id"]].append((sentence["sen_id"], sentence["caption"]))
    return {id: [text for _, text in sorted(own)] for id, own in mine.items()}


def load_exercises(path: str | os.PathLike[str] | None = None) -> VideoCollection:
    """Load 873 exercises: two photographs each, a name, and instructions.

    The photographs show the beginning and the end of the movement. The family of an
    exercise is the last word of its name: "Barbell Curl" and "Cable Curl" are curls.

    Parameters
    ----------
    path : path, default=None
        The folder of the files; None looks where :func:`lookalike.datasets.find` looks.
    """
    folder = find("exercises", path)
    described = json.loads(gzip.decompress((folder / "exercises.json.gz").read_bytes()))
    pictures: dict[str, bytes] = {}
    for number in (1, 2, 3):
        with zipfile.ZipFile(folder / f"frames{number}.zip") as archive:
            pictures |= {name: archive.read(name) for name in archive.namelist()}
    sources: list[Source] = [
        tuple(read_image(pictures[name], mode="RGB") for name in each["images"])
        for each in described
    ]
    files = CATALOGUE["exercises"].files
    return VideoCollection(
        "exercises",
        hashlib.sha256("".join(f.sha256 for f in files).encode()).hexdigest(),
        [each["id"] for each in described],
        [each["name"] for each in described],
        [_instructions(each) for each in described],
        sources,
        families=[family_of(each["name"]) for each in described],
    )


def family_of(name: str) -> str:
    """Return the last word of an exercise's name, in small letters, in the singular.

    Examples
    --------
    >>> family_of("Dumbbell Curls"), family_of("Lateral Raise - With Bands")
    ('curl', 'raise')
    """
    plain = re.split(r" - | \(|, ", name)[0]
    words = re.findall(r"[a-z]+", plain.lower())
    last = words[-1] if words else ""
    keeps_s = last.endswith(("ss", "us"))
    return last if keeps_s else last.removesuffix("s")


def _instructions(each: dict[str, Any]) -> str:
    about = [each["equipment"], each["category"], *each["primaryMuscles"]]
    facts = ", ".join(filter(None, about))
    return "\n".join([*each["instructions"], f"{facts}."])


def _only_json(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        [name] = [
            name
            for name in archive.namelist()
            if name.endswith(".json") and not name.startswith("__")
        ]
        return archive.read(name)


def _title_of(id: str) -> str:
    stem = id.rsplit("/", 1)[-1].rpartition(".")[0]
    return " ".join(re.split(r"[\W_]+", stem)).strip()


def _renamed(found: VideoCollection, name: str, checksum: str) -> VideoCollection:
    fields = dict(vars(found))
    return VideoCollection(**{**fields, "name": name, "checksum": checksum})
