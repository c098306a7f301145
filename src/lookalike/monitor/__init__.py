"""Has the world moved: drift, detectors, quality without labels, canaries and gates.

All of it is functions of arrays, and detectors whose state is a few numbers.
"""

from lookalike.monitor.adwin import Adwin
from lookalike.monitor.alarms import AlarmRecord, judge_alarms
from lookalike.monitor.budget import (
    Budget,
    Detector,
    calibrated,
    false_alarms,
    first_alarms,
)
from lookalike.monitor.cusum import Cusum
from lookalike.monitor.page_hinkley import PageHinkley

__all__ = [
    "Adwin",
    "AlarmRecord",
    "Budget",
    "Cusum",
    "Detector",
    "PageHinkley",
    "calibrated",
    "false_alarms",
    "first_alarms",
    "judge_alarms",
]
