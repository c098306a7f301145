"""Boxes that move: overlaps, Kalman filters, and tracks of them from frame to frame.

:class:`Sort` follows boxes of one frame after the other; :func:`follow` a whole
sequence.
"""

from lookalike.track.boxes import clipped, generalised_iou, iou, nms, soft_nms
from lookalike.track.kalman import (
    ExtendedKalmanFilter,
    KalmanFilter,
    range_and_bearing,
    range_and_bearing_jacobian,
    wrapped_residual,
)
from lookalike.track.matching import matched
from lookalike.track.sort import Sort, Tracked
from lookalike.track.trajectories import Trajectories, bridged, follow

__all__ = [
    "ExtendedKalmanFilter",
    "KalmanFilter",
    "Sort",
    "Tracked",
    "Trajectories",
    "bridged",
    "clipped",
    "follow",
    "generalised_iou",
    "iou",
    "matched",
    "nms",
    "range_and_bearing",
    "range_and_bearing_jacobian",
    "soft_nms",
    "wrapped_residual",
]
