"""Progress: a line now and then where there is no terminal, with what is left."""

import time

import pytest

from lookalike.cli import _progress
from lookalike.cli._progress import progress


def test_without_a_terminal_a_line_says_stage_share_and_time_left(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "SETTLED", 0.0)
    with progress(seconds=0.02) as report:
        report("learning", 0.25)
        time.sleep(0.2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("learning: 25%, 0:00, about 0:0") for line in lines)
    time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_short_work_says_nothing_and_a_fault_ends_the_lines(capsys):
    with progress() as report:
        report("learning", 0.5)
    with pytest.raises(KeyError), progress(seconds=0.01):
        raise KeyError
    assert capsys.readouterr().err.count("\n") <= 1
