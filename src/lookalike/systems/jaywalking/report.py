"""Sections of the jaywalking report: chances, warnings, and clips as timelines."""

import numpy as np
from matplotlib.figure import Figure

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets.streets import FRAMES_A_SECOND, StreetClips
from lookalike.evaluate import plots, reliability
from lookalike.evaluate.drawing import (
    DASHES,
    INK,
    PALETTE,
    WRONG,
    figure_of,
    label_axes,
)
from lookalike.evaluate.report import Report
from lookalike.systems.jaywalking.evaluation import RATES
from lookalike.systems.jaywalking.system import Jaywalking
from lookalike.systems.jaywalking.warning import Timeline, WarningCurve

N_CLIPS = 3
_MOST_LINES = 8


def add_sections(
    report: Report, system: Jaywalking, data: StreetClips, result: EvaluationResult
) -> None:
    """Add what is particular to people who cross."""
    details = result.details
    report.section("Do chances come true").figure(
        plots.reliability_diagram(reliability(details["crossing"], details["truth"])),
        alt="Share of people who crossed against the stated chance, with the diagonal",
        caption="On the diagonal what is stated comes true. The area of a dot is the "
        "number of observations.",
    )
    curve: WarningCurve = details["curve"]
    section = report.section("Warning time against false alarms")
    section.figure(
        _warning_figure(curve),
        alt="Share of people warned of, and median seconds, by false alarms an hour",
        caption=f"Clips of {curve.hours * 60:.1f} minutes together: what is left of 60 "
        "false alarms an hour is an extrapolation.",
    )
    section.table(
        ["false alarms an hour", "threshold", "warned before they set out", "median"],
        [
            [f"{rate:g}", f"{at:.2f}", f"{warned:.0%}", f"{seconds:.1f} s"]
            for rate in RATES
            for at, warned, seconds in (curve.at(rate),)
        ],
    )
    lines: list[Timeline] = details["lines"]
    section = report.section("Clips, and the moment of the alarm")
    clips = data.of("test")
    for at in _told_clips(lines):
        own = [line for line in lines if line.clip == at]
        section.figure(
            timeline_figure(own, system.alarm, clips[at].name),
            alt=f"The chance of everybody in {clips[at].name} from frame to frame",
            caption="Solid: people who cross, up to the frame in which they set out "
            "(bar). Dashed: people who do not. A dot is the alarm, three looks on end "
            f"at {system.alarm:g} or more.",
        )


def timeline_figure(lines: list[Timeline], threshold: float, title: str) -> Figure:
    """Draw the chance of everybody in a clip from frame to frame."""
    figure, axes = figure_of((7.0, 2.6), title)
    ranked = sorted(lines, key=lambda line: -float(line.chance.max()))[:_MOST_LINES]
    for at, line in enumerate(ranked):
        colour = PALETTE[at % len(PALETTE)]
        seconds = np.asarray(line.frame) / FRAMES_A_SECOND
        style = "-" if line.event is not None else (0, (4, 2))
        axes.plot(seconds, line.chance, color=colour, linestyle=style, linewidth=1.5)
        if line.event is not None:
            axes.axvline(
                line.event / FRAMES_A_SECOND, color=colour, linewidth=3, alpha=0.4
            )
        alarm = line.alarm(threshold)
        if alarm is not None:
            row = int(np.searchsorted(line.frame, alarm))
            axes.plot(seconds[row], line.chance[row], "o", color=colour, markersize=7)
    axes.axhline(threshold, color=INK, linewidth=0.8, linestyle=":")
    axes.set_ylim(0, 1)
    label_axes(axes, "seconds", "chance of crossing")
    return figure


def _warning_figure(curve: WarningCurve) -> Figure:
    figure, axes = figure_of((6.0, 3.2), "")
    axes.plot(curve.false_an_hour, curve.warned, color=PALETTE[0], label="warned of")
    axes.plot(
        curve.false_an_hour,
        np.maximum(curve.seconds, 0) / 5,
        color=WRONG,
        linestyle=DASHES[1],
        label="median warning, in 5 s",
    )
    axes.set_xscale("symlog", linthresh=1)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False)
    label_axes(axes, "false alarms an hour", "share")
    return figure


def _told_clips(lines: list[Timeline]) -> list[int]:
    """The first clips in which somebody crosses."""
    crossing = [line.clip for line in lines if line.event is not None]
    return list(dict.fromkeys(crossing))[:N_CLIPS]
