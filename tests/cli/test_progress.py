"""Progress: a line now and then where there is no terminal, with what is left."""

import re
import time

import pytest

from lookalike.cli import _progress
from lookalike.cli._progress import progress


def test_without_a_terminal_a_line_says_stage_share_and_time_left(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "SETTLED", 0.0)
    told = ""
    with progress(seconds=0.01) as report:
        report("learning", 0.25)
        while told.count("learning") < 2:  # though nothing more is reported
            time.sleep(0.01)
            told += capsys.readouterr().err
    told += capsys.readouterr().err
    line = r"learning: 25%, \d:\d\d, about \d:\d\d left"
    assert re.fullmatch(line, told.splitlines()[-1])
    time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_short_work_says_nothing_and_a_fault_ends_the_lines(capsys):
    with progress() as report:
        report("learning", 0.5)
    assert capsys.readouterr().err == ""
    with pytest.raises(KeyError), progress():
        raise KeyError
    assert capsys.readouterr().err == ""
