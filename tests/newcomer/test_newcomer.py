"""Users with data of their own, from an empty folder to a restored backup."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STORIES = sorted(p.stem.removesuffix("_story") for p in HERE.glob("*_story.py"))


@pytest.mark.parametrize("story", STORIES)
def test_a_newcomer_gets_answers_about_their_own_things(story, programs):
    program = [sys.executable, str(HERE), "--programs", str(programs), story]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
