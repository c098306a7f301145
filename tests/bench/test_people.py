"""The benchmark of people: fresh hidings, one by one and together."""

import numpy as np

from lookalike.datasets.friendships import Friendships, hold_out
from lookalike_bench import people


def test_each_hiding_is_another_and_all_of_them_are_taken_together(monkeypatch):
    rng = np.random.default_rng(0)
    club = np.arange(90) // 30
    chance = np.where(np.equal.outer(club, club), 0.4, 0.02)
    pairs = np.argwhere(np.triu(rng.random(chance.shape) < chance, 1))
    names = np.array([f"p{i}" for i in range(90)])
    clubs = Friendships("clubs", "", names, *hold_out(pairs))
    monkeypatch.setattr(people, "load_facebook_ego", lambda: clubs)
    monkeypatch.setattr(people, "SEEDS", range(201, 203))
    people.answered.cache_clear()
    rows = people.run()["rows"]
    people.answered.cache_clear()
    ranker = [row for row in rows if row["method"] == "ranker"]
    assert [row["job"] for row in ranker] == [
        *("hiding 201", "hiding 202", "all hidings")
    ]
    first, second, both = (float(row["hit_rate@10"].split()[0]) for row in ranker)
    assert first != second
    assert min(first, second) < both < max(first, second)
    assert "auc" in ranker[0]
    walks = [float(row["ranker's gain"]) for row in rows if row["method"] == "walk"]
    assert min(walks[:2]) <= walks[2] <= max(walks[:2])
