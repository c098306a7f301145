"""KuaiRand: what users of a video app did with what they liked (or hated).

The file holds only impressions that were liked or hated. Which of the two is in the
selection, not in the moment: it gives itself away, so that hate against like must not
be learned, and this loader keeps the liked rows alone. What else was done with them,
a long view, a comment, a forward, a follow, a look at the profile, can be.
"""

import os

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.datasets.click_log import last_fifth
from lookalike.datasets.feed_log import FeedLog, Posts
from lookalike.datasets.locate import find
from lookalike.datasets.tables import read_table

HEADS = {
    "long_view": "long_view",
    "comment": "is_comment",
    "forward": "is_forward",
    "follow": "is_follow",
    "profile": "is_profile_enter",
}
"""Columns of the file, by the head that learns them."""
_NEEDED = ("user_id", "video_id", "time_ms", "duration_ms", "label", *HEADS.values())


def load_kuairand(path: str | os.PathLike[str] | None = None) -> FeedLog:
    """Load the liked impressions of KuaiRand-27K's like-or-hate selection.

    The last fifth, in time, is for testing. Who made a video, in which list it was
    shown, and at which place is not published: each video is its own author, and all
    stand at the first place.

    Raises
    ------
    ValueError
        If the file is not as published; the sentence names the rows.
    """
    table = read_table(find("kuairand_explicit", path), _NEEDED)
    label = table.reals("label")
    table.refuse(~np.isin(label, (0, 1)), "a label of 0 or 1")
    liked = label == 1
    user_names, user = table.name_codes("user_id")
    video_names, video = table.name_codes("video_id")
    time = table.reals("time_ms") / 1e3
    duration = table.reals("duration_ms") / 1e3
    actions: dict[str, Floats] = {}
    for head, column in HEADS.items():
        values = table.reals(column)
        table.refuse(~np.isin(values, (0, 1)), f"a {column} of 0 or 1")
        actions[head] = values
    order = np.flatnonzero(liked)[np.argsort(time[liked], kind="stable")]
    n = len(order)
    created = np.full(len(video_names), np.inf)
    np.minimum.at(created, video[order], time[order])
    length = np.zeros(len(video_names))
    np.maximum.at(length, video, duration)
    empty = np.empty((0, 2), np.int64)
    numbers: dict[str, Array] = {"log seconds": np.log1p(length)}
    return FeedLog(
        name="kuairand_explicit",
        checksum=table.checksum,
        users=user_names,
        authors=video_names,
        topics=np.array(["any"]),
        posts=Posts(
            video_names,
            np.arange(len(video_names)),
            np.where(np.isfinite(created), created, time.max()),
            np.zeros(len(video_names), np.int64),
            numbers,
        ),
        follows=empty,
        blocks=empty,
        user=user[order],
        post=video[order],
        time=time[order],
        place=np.ones(n, np.int64),
        device=np.full(n, "phone"),
        shuffled=np.zeros(n, bool),
        actions={head: values[order] for head, values in actions.items()},
        is_test=last_fifth(time[order]),
    )
