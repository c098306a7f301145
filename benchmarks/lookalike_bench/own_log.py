"""A simulated log of a shop, with columns of its own, and a table of its items.

Customers like two or three of eight categories and a level of prices; within a category
few items sell most. Stars say how well an item fits, with some noise. How much taste
weighs beside what sells was set so that popularity reaches an nDCG of about 0.24, as it
does on such logs, before anything else was measured.
"""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

COLUMNS = {"user": "customer", "item": "sku", "time": "ts", "value": "stars"}
N_CUSTOMERS, N_ITEMS, N_CATEGORIES = 400, 100, 8
TASTE = 2.3
"""How much taste weighs beside what sells."""


def write_own_log(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write log.csv (customer, sku, ts, stars) and items.csv (sku, name, ...)."""
    rng = np.random.default_rng(seed)
    category = rng.integers(N_CATEGORIES, size=N_ITEMS)
    price = np.exp(rng.normal(3, 0.8, N_ITEMS)).round(2)
    sells = -0.9 * np.log(1 + rng.permutation(N_ITEMS))
    log, items = folder / "log.csv", folder / "items.csv"
    with items.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["sku", "name", "category", "price"])
        table.writerows(
            (f"SKU-{at:04}", f"Thing {at}", f"category {category[at]}", price[at])
            for at in range(N_ITEMS)
        )
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with log.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(COLUMNS.values())
        for customer in range(N_CUSTOMERS):
            liked = rng.choice(N_CATEGORIES, rng.integers(2, 4), replace=False)
            fits = np.isin(category, liked) * 1.0
            fits -= 0.5 * np.abs(np.log(price) - rng.normal(3, 0.8))
            chance = np.exp(sells + TASTE * fits)
            n = int(rng.integers(6, 30))
            taken = rng.choice(N_ITEMS, n, replace=False, p=chance / chance.sum())
            days = np.sort(rng.uniform(0, 365, n))
            for sku, day in zip(taken.tolist(), days.tolist(), strict=True):
                stars = int(np.clip(np.rint(4 + fits[sku] + rng.normal(0, 0.7)), 1, 5))
                moment = (start + timedelta(days=day)).isoformat(timespec="seconds")
                table.writerow([f"c{customer:04}", f"SKU-{sku:04}", moment, stars])
    return log, items
