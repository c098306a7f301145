"""How long before the event an alarm comes, against false alarms an hour.

An alarm is of a person: their chance of crossing reached a threshold in three frames on
end that were looked at. It is true if they cross, and in time if it comes before they
set out; that of somebody who does not cross is false.
"""

from dataclasses import dataclass

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.datasets.streets import FRAMES_A_SECOND, LENGTH, Clip, Observation
from lookalike.systems.jaywalking.chances import Chances
from lookalike.systems.jaywalking.features import features_of, windows_of

EVERY = 3
"""Frames from one look at a person to the next."""
ON_END = 3
_THRESHOLDS = np.linspace(0.02, 0.98, 97)


@dataclass(frozen=True)
class Timeline:
    """The chance of one person from frame to frame.

    frame : int64 (n,), of each look
    chance : float64 (n,)
    event : the frame in which they set out, None where they do not cross
    """

    clip: int
    person: int
    frame: Array
    chance: Floats
    event: int | None

    def alarm(self, threshold: float) -> int | None:
        """Return the frame of the alarm, None where there is none.

        Examples
        --------
        >>> frame = np.arange(5) * 3
        >>> line = Timeline(0, 0, frame, np.array([0.9, 0.1, 0.6, 0.7, 0.8]), 20)
        >>> line.alarm(0.5), line.alarm(0.75)
        (12, None)
        """
        high = self.chance >= threshold
        run = high[2:] & high[1:-1] & high[:-2]
        found = np.flatnonzero(run)
        return int(self.frame[found[0] + ON_END - 1]) if len(found) else None


@dataclass(frozen=True)
class WarningCurve:
    """What each threshold does.

    threshold : float64 (n,), ascending
    false_an_hour : float64 (n,)
    warned : float64 (n,), share of those who cross with an alarm before they set out
    seconds : float64 (n,), median warning time of those who cross, 0 without one
    hours : of the clips together
    """

    threshold: Floats
    false_an_hour: Floats
    warned: Floats
    seconds: Floats
    hours: float

    def at(self, false_an_hour: float) -> tuple[float, float, float]:
        """Return threshold, share warned and seconds at so many false alarms or fewer.

        1, 0 and 0 where no threshold has so few.
        """
        rows = np.flatnonzero(self.false_an_hour <= false_an_hour)
        if not len(rows):
            return 1.0, 0.0, 0.0
        row = rows[0]
        return (
            float(self.threshold[row]),
            float(self.warned[row]),
            float(self.seconds[row]),
        )


def timelines(clips: tuple[Clip, ...], chances: Chances) -> list[Timeline]:
    """Return the chance of everybody in every third frame, until they set out.

    Those who are seen for less than sixteen frames before are left out, and those who
    cross when nobody said from which frame on.
    """
    found, rows = [], []
    for at, clip in enumerate(clips):
        for who, person in enumerate(clip.people):
            if person.crosses and not person.event:
                continue
            last = len(person.frame)
            if person.crosses and person.event is not None:
                last = int(np.searchsorted(person.frame, person.event))
            stops = range(LENGTH, last + 1, EVERY)
            if not stops:
                continue
            rows += [Observation(at, who, stop - LENGTH, stop, 0) for stop in stops]
            found.append((at, who, person, np.array(stops)))
    if not rows:
        return []
    chance = chances.chances(features_of(windows_of(clips, rows)))
    ends = np.cumsum([len(stops) for *_, stops in found])[:-1]
    return [
        Timeline(
            at,
            who,
            person.frame[stops - 1],
            own,
            person.event if person.crosses else None,
        )
        for (at, who, person, stops), own in zip(
            found, np.split(chance, ends), strict=True
        )
    ]


def warning_curve(lines: list[Timeline], clips: tuple[Clip, ...]) -> WarningCurve:
    """Return false alarms an hour and warning times at every threshold."""
    hours = sum(clip.n_frames for clip in clips) / FRAMES_A_SECOND / 3600
    rows = []
    for threshold in _THRESHOLDS:
        false, times = 0, []
        for line in lines:
            alarm = line.alarm(float(threshold))
            if line.event is None:
                false += alarm is not None
            else:
                frames = 0 if alarm is None else line.event - alarm
                times.append(frames / FRAMES_A_SECOND)
        waits = np.array(times or [0.0])
        rows.append((false / hours, float((waits > 0).mean()), float(np.median(waits))))
    false_an_hour, warned, seconds = np.array(rows).T
    return WarningCurve(_THRESHOLDS, false_an_hour, warned, seconds, hours)
