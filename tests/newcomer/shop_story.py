"""Somebody with a shop: a log of sales with columns of their own, and a table of items.

From the log to a served list, which hears what a newcomer does; another model from what
was heard; a backup and its restoration.
"""

import csv
import random
from datetime import UTC, datetime, timedelta

N_CUSTOMERS, N_ITEMS = 150, 60
STYLES = "garden", "kitchen", "music"


def write_data(folder):
    """Write log.csv and items.csv: each customer mostly buys of one style."""
    rng = random.Random(3)
    items = [(f"SKU-{n:03}", STYLES[n % len(STYLES)]) for n in range(N_ITEMS)]
    with (folder / "items.csv").open("w", newline="") as stream:
        table = csv.writer(stream, delimiter=";")
        table.writerow(["sku", "name", "style", "price"])
        for n, (sku, style) in enumerate(items):
            table.writerow([sku, f"{style.title()} {n}", style, f"{5 + n},90"])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with (folder / "log.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["customer", "sku", "ts", "stars"])
        for customer in range(N_CUSTOMERS):
            liked = STYLES[customer % len(STYLES)]
            bought = rng.sample(items, 14)
            for day, (sku, style) in enumerate(bought):
                if style == liked or rng.random() < 0.2:
                    moment = start + timedelta(days=day, minutes=customer)
                    stars = 5 if style == liked else 2
                    table.writerow([f"c{customer}", sku, moment.isoformat(), stars])
    return dict(items)


def event(n, user, action, item):
    """Return what a shop sends when somebody does something."""
    return {
        "event_id": f"{user}-{n}",
        "timestamp": f"2026-03-01T10:{n:02}:00Z",
        "action_name": action,
        "user_id": user,
        "event_attributes": {"object": {"object_id": item}},
    }


def listed(user, who="newcomer", **more):
    """Return the list that the service shows somebody, as ids."""
    answer = user.ask("/v1/shop/recommend", {"user": who, "k": 10, **more})
    return [hit["id"] for hit in answer["answers"][0]["hits"]]


def play(user):
    """Play the whole circle."""
    styles = write_data(user.folder)
    columns = [
        "--user",
        "customer",
        "--item",
        "sku",
        "--time",
        "ts",
        "--value",
        "stars",
    ]
    data = ["--data", "log.csv", "--items", "items.csv", *columns]
    checked = user.run("data", "check", *data[1:])
    assert "sku" in checked
    user.run("train", "shop", *data)
    suggested = user.run("recommend", "shop", "c0", "--k", 5)
    assert "SKU-" in suggested
    user.first_answer()

    with user.serving("shop"):
        before = listed(user)
        garden = [item for item in before if styles[item] == "garden"][:2]
        for n, item in enumerate(garden):
            user.ask("/v1/events", {"events": [event(n, "newcomer", "view", item)]})
        after = listed(user)
        assert after != before
        share = [sum(styles[i] == "garden" for i in ids) for ids in (before, after)]
        assert share[1] > share[0]
        bought = after[0]
        sent = event(9, "newcomer", "purchase", bought)
        user.ask("/v1/events", {"events": [sent]})
        assert bought not in listed(user)

        user.ask("/v1/snapshots", {"name": "monday"})
        kept = listed(user)
        user.ask("/v1/events", {"events": [event(20, "newcomer", "purchase", kept[0])]})
        assert listed(user) != kept
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        assert listed(user) == kept
