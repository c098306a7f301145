"""The benchmark of recommenders: its comparisons on a small world."""

import numpy as np
import pytest
import scipy.sparse as sp

from lookalike_bench import recommenders
from lookalike_bench.cold_start import cold_starts


@pytest.fixture
def world():
    rng = np.random.default_rng(0)
    likes = (np.arange(80) % 4)[:, None] == np.arange(40) % 4
    there = likes & (rng.random(likes.shape) < 0.8)
    hidden = there & (rng.random(likes.shape) < 0.3)
    hidden[:, :4] &= ~likes[:, :4]
    hidden[np.arange(80), np.arange(80) % 4 + 4] = True
    known = sp.csr_array((there & ~hidden).astype(np.float32))
    return known, sp.csr_array(hidden.astype(float)), np.arange(80)


def test_newcomers_are_compared_with_a_model_that_learned_from_them(world):
    content = sp.csr_array(np.eye(4, dtype=np.float32)[np.arange(40) % 4])
    rows = {row["method"]: row for row in cold_starts(*world, content)}
    assert len(rows) == 4
    folded = rows["EASE, new users"]
    assert float(folded["ndcg@10"].split()[0]) > 0.5
    assert abs(float(folded["gap"].split()[0])) < 0.1
    (unheard,) = (row for name, row in rows.items() if name.startswith("content"))
    assert float(unheard["gap"].split()[0]) > 0.1


def test_both_sides_of_the_race_do_the_same_work(world, monkeypatch):
    pytest.importorskip("implicit")
    monkeypatch.setattr(recommenders, "parts", lambda name, part: world)
    for verb in ("training", "answers"):
        same = {"data": "toy", "verb": verb, "settings": [8, 5.0, 1.0], "threads": 1}
        found = []
        for factory in (recommenders.lookalike_als, recommenders.implicit_als):
            call, describe = factory(**same)
            found.append(describe(call())["ndcg"])
        assert found[0] > 0.5
        assert abs(found[0] - found[1]) < 0.1


def test_a_job_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="No job's name contains 'chess'"):
        recommenders.run(only="chess")
