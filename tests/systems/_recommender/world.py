"""Users of four tastes, and items of four kinds."""

import numpy as np

from lookalike.datasets.interactions import (
    Interactions,
    hold_out_latest,
    hold_out_random,
)

N_USERS, N_ITEMS, N_TASTES = 160, 60, 4


def world(timed):
    """Users of four tastes; who likes an item's taste has it half of the time."""
    rng = np.random.default_rng(0)
    taste = np.arange(N_USERS) % N_TASTES
    kind = np.arange(N_ITEMS) % N_TASTES
    chance = np.where(taste[:, None] == kind, 0.6, 0.03)
    user, item = np.nonzero(rng.random((N_USERS, N_ITEMS)) < chance)
    time = rng.integers(10**9, 10**9 + 10**7, len(user)).astype(float)
    words = np.array(["orc", "tank", "farm", "puzzle"])[kind]
    titles = np.array([f"{word} {i}" for i, word in enumerate(words)])
    return Interactions(
        name="toy",
        checksum="0" * 64,
        users=np.array([f"user {i} 🎲" for i in range(N_USERS)]),
        items=titles,
        user=user,
        item=item,
        value=np.where(rng.random(len(user)) < 0.8, 5.0, 2.0),
        time=time if timed else None,
        held_out=hold_out_latest(user, time) if timed else hold_out_random(user),
        titles=titles,
        genres=words if timed else np.full(N_ITEMS, ""),
        years=np.where(timed & (kind > 0), 1990.0 + kind, np.nan),
    )
