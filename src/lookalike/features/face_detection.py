"""Faces in photographs (needs the vision extra).

The detector is scikit-image's cascade of local binary patterns, whose trained model
comes inside its package, so nothing is downloaded. It finds frontal faces, from an
eighth of the photograph's shorter side on.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from lookalike._typing import Array
from lookalike.features.blank import is_blank

LARGEST = 512
"""Pixels of the longer side at which a photograph is searched."""
SMALLEST = 0.12
"""Least side of a face, as a share of the photograph's shorter side."""
NEIGHBOURS = 8
"""Windows that must agree on a face; fewer give more false detections."""


@dataclass(frozen=True)
class Box:
    """Where a face is, in pixels of the photograph."""

    top: int
    left: int
    height: int
    width: int

    @property
    def sides(self) -> list[int]:
        """Top, left, height and width."""
        return [self.top, self.left, self.height, self.width]


def find_faces(photograph: Array) -> list[Box]:
    """Find the faces in a grey photograph, the largest first.

    Parameters
    ----------
    photograph : ndarray of uint8, shape (height, width)

    Returns
    -------
    list of Box
        Squares from brow to chin; empty if there is no face.

    Raises
    ------
    ModuleNotFoundError
        If scikit-image is not installed; the message says how to install it.

    References
    ----------
    .. [1] Zhang, Chu, Xiang, Liao and Li (2007). "Face detection based on multi-block
       LBP representation". ICB.
    """
    if photograph.ndim != 2 or photograph.dtype != np.uint8:
        raise ValueError(
            "A photograph must be a grey image of bytes, got "
            f"{photograph.dtype} of shape {photograph.shape}."
        )
    scale = min(1.0, LARGEST / max(photograph.shape))
    small = _resized(photograph, scale)
    if min(small.shape) < 32:
        return []
    least = max(24, round(SMALLEST * min(small.shape)))
    found = _cascade().detect_multi_scale(
        img=np.stack([small] * 3, axis=2),
        scale_factor=1.15,
        step_ratio=1.0,
        min_size=(least, least),
        max_size=(min(small.shape), min(small.shape)),
        min_neighbor_number=NEIGHBOURS,
    )
    boxes = [
        Box(*(round(face[side] / scale) for side in ("r", "c", "height", "width")))
        for face in found
    ]
    boxes = sorted(boxes, key=lambda box: (-box.height, box.top, box.left))
    # The cascade may see one face at two sizes: its middle is then in both.
    return [
        box
        for k, box in enumerate(boxes)
        if not any(_holds_middle(larger, box) for larger in boxes[:k])
    ]


def faces_on(
    picture: Array, size: tuple[int, int], margin: float
) -> list[tuple[Box, Array]]:
    """Find the faces on a grey picture, the largest first, each cut out at this size.

    A picture smaller than twice the size is taken for a face itself, unless it is
    blank. Faces that are found are cut out wider by ``margin`` of the box on each side.
    """
    if picture.shape[0] < 2 * size[0] and picture.shape[1] < 2 * size[1]:
        if is_blank(picture):
            return []
        box = Box(0, 0, *picture.shape)
        return [(box, cut_face(picture, box, size, 0.0))]
    return [(box, cut_face(picture, box, size, margin)) for box in find_faces(picture)]


def the_face(picture: Array, size: tuple[int, int], margin: float) -> Array:
    """Return the one face on a grey picture, cut out as ``faces_on`` does.

    Raises
    ------
    ValueError
        If there is none, or there are several.
    """
    found = faces_on(picture, size, margin)
    if len(found) != 1:
        number = f"{len(found)} faces were" if found else "no face was"
        raise ValueError(f"{number} found on the picture; expected one.")
    return found[0][1]


def cut_face(
    photograph: Array, box: Box, size: tuple[int, int], margin: float
) -> Array:
    """Cut a face out, wider by ``margin`` of the box on each side, at this size.

    The result has the shape of ``size``, (height, width); pixels outside the photograph
    repeat its border.
    """
    height, width = size
    tall = box.height * (1 + 2 * margin)
    wide = tall * width / height
    middle = (box.top + box.height / 2, box.left + box.width / 2)
    corner = (round(middle[0] - tall / 2), round(middle[1] - wide / 2))
    rows = np.clip(np.arange(corner[0], corner[0] + round(tall)), 0, None)
    columns = np.clip(np.arange(corner[1], corner[1] + round(wide)), 0, None)
    rows = np.minimum(rows, photograph.shape[0] - 1)
    columns = np.minimum(columns, photograph.shape[1] - 1)
    piece = Image.fromarray(photograph[np.ix_(rows, columns)])
    return np.asarray(piece.resize((width, height), Image.Resampling.LANCZOS))


def _holds_middle(larger: Box, box: Box) -> bool:
    down, right = box.top + box.height / 2, box.left + box.width / 2
    return (
        larger.top <= down <= larger.top + larger.height
        and larger.left <= right <= larger.left + larger.width
    )


@cache
def _cascade() -> Any:
    try:
        from skimage.data import lbp_frontal_face_cascade_filename
        from skimage.feature import Cascade
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Finding faces in photographs needs scikit-image: "
            'pip install "lookalike[vision]"'
        ) from error
    return Cascade(lbp_frontal_face_cascade_filename())


def _resized(photograph: Array, scale: float) -> Array:
    if scale == 1.0:
        return photograph
    height, width = (max(1, round(side * scale)) for side in photograph.shape)
    picture = Image.fromarray(photograph)
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))
