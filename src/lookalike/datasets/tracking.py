"""Sequences of pedestrians, with true boxes and those of a detector: MOT15, MOT17.

References
----------
.. [1] Leal-Taixe, Milan, Reid, Roth and Schindler (2015). "MOTChallenge 2015: towards a
   benchmark for multi-target tracking". arXiv 1504.01942.
.. [2] Milan, Leal-Taixe, Reid, Roth and Schindler (2016). "MOT16: a benchmark for
   multi-object tracking". arXiv 1603.00831.
"""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.locate import find

_PEDESTRIAN = 1


@dataclass(frozen=True)
class BoxesInFrames:
    """Boxes of a sequence, by frame.

    frame : int64 (n,), from 1
    id : int64 (n,), of the pedestrian; -1 of a detection
    box : float64 (n, 4), left, top, right, bottom in pixels
    score : float64 (n,), how sure a detector is; 1 of true boxes
    """

    frame: Ints
    id: Ints
    box: Floats
    score: Floats

    def by_frame(self, n_frames: int) -> tuple[list[Floats], list[Floats]]:
        """Return boxes and scores of each frame, from the first on."""
        ends = np.searchsorted(self.frame, np.arange(1, n_frames + 1), side="right")
        return np.split(self.box, ends)[:-1], np.split(self.score, ends)[:-1]


@dataclass(frozen=True)
class TrackingSequence:
    """One sequence of pictures, without the pictures.

    truth : true boxes that count
    detections : None where there are none
    """

    name: str
    n_frames: int
    frames_a_second: float
    width: int
    height: int
    truth: BoxesInFrames
    detections: BoxesInFrames | None


def load_mot15(path: str | os.PathLike[str] | None = None) -> list[TrackingSequence]:
    """Load the training part of MOT15: 11 sequences of 5,500 frames [1]_.

    The detections are those of the Faster R-CNN that the authors of SORT published.

    Parameters
    ----------
    path : path, default=None
        The folder; None looks where :func:`lookalike.datasets.find` looks.

    Raises
    ------
    ValueError
        If a file is not of this form; the message names the file and the line.
    """
    return read_mot(find("mot15", path))


def load_mot17(path: str | os.PathLike[str] | None = None) -> list[TrackingSequence]:
    """Load the true boxes of the training part of MOT17: 7 sequences [2]_.

    Only pedestrians that count are taken.

    Raises
    ------
    ValueError
        If a file is not of this form; the message names the file and the line.
    """
    return read_mot(find("mot17_gt", path))


def read_mot(folder: str | os.PathLike[str]) -> list[TrackingSequence]:
    """Read sequences in the form of MOTChallenge: one folder each, by name.

    A folder has ``seqinfo.ini`` and ``gt.txt``, and may have ``det.txt``, gzipped or
    not, in it or in folders ``gt`` and ``det``.

    Raises
    ------
    ValueError
        If there is no sequence, or a file is not of this form.
    """
    found = sorted(Path(folder).glob("*/seqinfo.ini"))
    if not found:
        raise ValueError(f"{folder} has no folder with a file seqinfo.ini.")
    return [_sequence(path) for path in found]


def _sequence(about: Path) -> TrackingSequence:
    parser = configparser.ConfigParser()
    try:
        parser.read_string(about.read_text(encoding="utf-8"))
        said = parser["Sequence"]
        length, rate = int(said["seqLength"]), float(said["frameRate"])
        width, height = int(said["imWidth"]), int(said["imHeight"])
    except (KeyError, ValueError, configparser.Error) as error:
        raise ValueError(f"{about} is no seqinfo.ini: {error}.") from None
    truth = _file(about.parent, "gt")
    if truth is None:
        raise ValueError(f"{about.parent} has no gt.txt.")
    detections = _file(about.parent, "det")
    return TrackingSequence(
        about.parent.name,
        length,
        rate,
        width,
        height,
        read_boxes(truth, only_pedestrians=True),
        None if detections is None else read_boxes(detections),
    )


def _file(folder: Path, kind: str) -> Path | None:
    names = f"{kind}.txt", f"{kind}.txt.gz", f"{kind}/{kind}.txt"
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_boxes(
    file: str | os.PathLike[str], only_pedestrians: bool = False
) -> BoxesInFrames:
    """Read boxes: frame, id, left, top, width, height, confidence, ... a line.

    Parameters
    ----------
    only_pedestrians : bool, default=False
        For true boxes: leave out those whose confidence is 0, which do not count, and
        those whose class, the eighth number of MOT17, is another one.

    Raises
    ------
    ValueError
        If a line has fewer than seven numbers, or a box has no size.
    """
    path = Path(file)
    rows = []
    with opened(path, "table of boxes in UTF-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            cells = [number_of(cell) for cell in line.split(",")]
            if len(cells) < 7 or not np.isfinite(cells[:7]).all() or cells[0] < 1:
                raise ValueError(
                    f"{path}, line {number}: expected frame, id, left, top, width, "
                    f"height and confidence, got {line.strip()[:80]!r}."
                )
            if cells[4] <= 0 or cells[5] <= 0:
                raise ValueError(
                    f"{path}, line {number}: a box must have a width and a height "
                    f"above 0, got {cells[4]:g} by {cells[5]:g}."
                )
            # MOT15 has a point in the world from the eighth number on, MOT17 a class.
            is_of_class = len(cells) == 9
            is_other = is_of_class and cells[7] != _PEDESTRIAN
            if not only_pedestrians or (cells[6] != 0 and not is_other):
                rows.append(cells[:7])
    found = np.array(rows, np.float64).reshape(-1, 7)
    found = found[np.argsort(found[:, 0], kind="stable")]
    box = found[:, 2:6].copy()
    box[:, 2:] += box[:, :2]
    ids = found[:, :2].astype(np.int64)
    return BoxesInFrames(ids[:, 0], ids[:, 1], box, found[:, 6].copy())
