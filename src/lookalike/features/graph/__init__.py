"""Graphs and grids: closed triangles and meeting points."""

from lookalike.features.graph.meeting_point import (
    MeetingPoint,
    meeting_point,
    meeting_point_among_walls,
)
from lookalike.features.graph.triangle_closing import suggest_friends, triangle_scores

__all__ = [
    "MeetingPoint",
    "meeting_point",
    "meeting_point_among_walls",
    "suggest_friends",
    "triangle_scores",
]
