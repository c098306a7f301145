"""Somebody with a list of who knows whom: a served list of people they may know.

A new acquaintance is sent while the service answers; a backup is made and put back.
"""

import random

N_CIRCLES, N_MEMBERS = 6, 20


def write_data(folder):
    """Write contacts.csv: circles whose members mostly know one another."""
    rng = random.Random(5)
    people = [f"person {n}" for n in range(N_CIRCLES * N_MEMBERS)]
    lines = ["one,other,weight"]
    for n, one in enumerate(people):
        for m in range(n):
            near = n // N_MEMBERS == m // N_MEMBERS
            if rng.random() < (0.4 if near else 0.01):
                lines.append(f"{one},{people[m]},{rng.randint(1, 9)}")
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n")


def listed(user, who):
    """Return whom the service suggests to somebody."""
    answer = user.ask("/v1/people/recommend", {"user": who, "k": 10})
    return [hit["id"] for hit in answer["answers"][0]["hits"]]


def play(user):
    """Play the whole circle."""
    write_data(user.folder)
    user.run("train", "people", "--data", "contacts.csv")
    suggested = user.json("recommend", "people", "person 0", "--k", 5)
    user.first_answer()
    ids = [hit["id"] for hit in suggested["answers"]]
    assert sum(int(id.split()[1]) < N_MEMBERS for id in ids) >= 3, ids

    with user.serving("people"):
        before = user.until(lambda: listed(user, "person 0"))
        assert not set(before) & {"person 0"}
        sent = {
            "event_id": "first",
            "timestamp": "2026-03-01T10:00:00Z",
            "action_name": "befriend",
            "user_id": "person 0",
            "event_attributes": {"object": {"object_id": before[0]}},
        }
        user.ask("/v1/snapshots", {"name": "monday"})
        user.ask("/v1/events", {"events": [sent]})
        user.until(lambda: before[0] not in listed(user, "person 0"))
        user.ask("/v1/snapshots/restore", {"name": "monday"})
        user.until(lambda: listed(user, "person 0") == before)
