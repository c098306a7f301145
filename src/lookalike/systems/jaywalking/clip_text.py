"""A clip as text: a JSON document that says of each frame what is known.

``{"width": 1920, "height": 1080, "frames": [{"frame": 0, "boxes": [[l, t, r, b], ...],
"vehicle": "stopped", "signs": ["crosswalk"], "ids": [7, ...]}, ...]}``. All but the
boxes may be left out of a frame: frames are then counted from 0, and people are tracked
here. A file holds a clip a line.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.core.inputs import TextInputs
from lookalike.datasets.streets import LENGTH, SIGNS, VEHICLE_ACTIONS, Clip

INPUTS = TextInputs(check="lookalike.systems.jaywalking.clip_text:check_clip_text")
MOST_LETTERS = 4_000_000
MOST_FRAMES = 3_000
_OF_CLIP = {"width", "height", "frames"}
_OF_FRAME = {"frame", "boxes", "vehicle", "signs", "ids"}


@dataclass(frozen=True)
class Frame:
    """What is known of one frame, not yet checked; see ``Tracks.step``."""

    frame: int
    boxes: list[Any]
    vehicle: str | None = None
    signs: Sequence[str] = ()
    ids: Sequence[int] | None = None


@dataclass(frozen=True)
class ClipText:
    """A clip that was read."""

    width: int
    height: int
    frames: list[Frame] = field(default_factory=list)


def check_clip_text(text: str) -> str:
    """Return the text of a clip, or say why it is none.

    Examples
    --------
    >>> check_clip_text("walk")
    Traceback (most recent call last):
    ValueError: A clip must be a JSON document with frames, got 'walk'.
    """
    read_clip(text)
    return text


def read_clip(text: str) -> ClipText:
    """Return the clip of a text.

    Raises
    ------
    ValueError
        If it is no such document; boxes are checked when they are followed.
    """
    if not isinstance(text, str):
        raise ValueError(f"A clip must be a text, got {type(text).__name__}.")
    if len(text) > MOST_LETTERS:
        raise ValueError(
            f"A clip must have at most {MOST_LETTERS:,} letters, got {len(text):,}."
        )
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(
            f"A clip must be a JSON document with frames, got {text[:40]!r}."
        ) from None
    if not isinstance(found, dict) or set(found) != _OF_CLIP:
        raise ValueError("A clip must have width, height and frames, and no more.")
    frames = found["frames"]
    if not isinstance(frames, list) or not LENGTH <= len(frames) <= MOST_FRAMES:
        n = len(frames) if isinstance(frames, list) else "none"
        raise ValueError(
            f"A clip must have {LENGTH} to {MOST_FRAMES:,} frames, got {n}."
        )
    for name in ("width", "height"):
        value = found[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be a whole number above 0, got {value!r}.")
    return ClipText(
        found["width"],
        found["height"],
        [_frame(at, each) for at, each in enumerate(frames)],
    )


def text_of(clip: Clip, stop: int | None = None) -> str:
    """Return a clip of a data set as such a text, its people by their places.

    Boxes that lie outside of the picture are left out.
    """
    frames: list[dict[str, Any]] = []
    for at in range(clip.n_frames if stop is None else stop):
        code, sight = int(clip.vehicle[at]), clip.signs[at].tolist()
        frames.append(
            {
                "frame": at,
                "boxes": [],
                "vehicle": None if code < 0 else VEHICLE_ACTIONS[code],
                "signs": [name for name, on in zip(SIGNS, sight, strict=True) if on],
                "ids": [],
            }
        )
    for who, person in enumerate(clip.people):
        for at, box in zip(person.frame.tolist(), person.box.tolist(), strict=True):
            is_inside = box[2] > 0 and box[3] > 0
            is_inside &= box[0] < clip.width and box[1] < clip.height
            if at < len(frames) and is_inside:
                frames[at]["boxes"].append([round(each, 1) for each in box])
                frames[at]["ids"].append(who)
    whole = {"width": clip.width, "height": clip.height, "frames": frames}
    return json.dumps(whole, separators=(",", ":"))


def _frame(at: int, said: Any) -> Frame:
    if not isinstance(said, dict) or "boxes" not in said or set(said) - _OF_FRAME:
        raise ValueError(
            f"Frame {at} must have boxes, and may have frame, vehicle, signs and ids."
        )
    boxes, signs, ids = said["boxes"], said.get("signs", []), said.get("ids")
    if not isinstance(boxes, list) or not isinstance(signs, list):
        raise ValueError(f"boxes and signs of frame {at} must be lists.")
    if ids is not None and not isinstance(ids, list):
        raise ValueError(f"ids of frame {at} must be a list.")
    return Frame(said.get("frame", at), boxes, said.get("vehicle"), signs, ids)
