"""The files of the Event Recommendation Engine Challenge: a few of their columns."""

import csv
import gzip

import numpy as np
import pytest

from lookalike.datasets.event_files import COLUMNS, TOPICS, load_event_challenge
from lookalike.systems.events import SPEC
from lookalike.systems.events.system import Events

HEADS = {
    "train": ["user", "event", "invited", "timestamp", "interested", "not_interested"],
    "users": [
        *("user_id", "locale", "birthyear", "gender"),
        *("joinedAt", "location", "timezone"),
    ],
    "user_friends": ["user", "friends"],
    "events": [
        *("event_id", "user_id", "start_time", "city", "state", "zip", "country"),
        *("lat", "lng", *TOPICS),
    ],
    "event_attendees": ["event", "yes", "maybe", "invited", "no"],
}


def stamp(day, hour=15):
    return f"2012-10-{day:02d} {hour:02d}:53:05.754000+00:00"


def tables():
    """Forty people, thirty events; people of an even number like even events."""
    rng = np.random.default_rng(0)
    train, events, attendees = [], [], []
    for n in range(30):
        place = ["", ""] if n % 5 == 0 else [f"{50 + n / 100:.3f}", "-0.1"]
        counts = ["0"] * 101
        counts[n % 2] = "3"
        start = f"2012-11-{1 + n % 28:02d}T19:00:00.003Z"
        events.append([f"90{n}", f"h{n % 4}", start, "", "", "", "", *place, *counts])
        yes = " ".join(f"{u}" for u in range(40) if rng.random() < 0.1)
        attendees.append([f"90{n}", yes, "", f"{n} 77777", ""])
    for user in range(40):
        for day in (2, 9, 16, 23, 30):
            for n in rng.permutation(30)[:6].tolist():
                liked = int(n % 2 == user % 2 and rng.random() < 0.7)
                invited = int(rng.random() < 0.1)
                train.append([user, f"90{n}", invited, stamp(day), liked, 0])
    users = [
        [u, "en_GB", "None" if u == 3 else 1980 + u % 9, "male", stamp(1, 8), "", "60"]
        for u in range(39)  # and one who is not in the file
    ]
    friends = [[u, f"{(u + 2) % 40} {(u + 4) % 40} 5555"] for u in range(40)]
    return {
        "train": train,
        "users": users,
        "user_friends": friends,
        "events": events,
        "event_attendees": attendees,
    }


def write(folder, **changed):
    for name, rows in (tables() | changed).items():
        opened = gzip.open if name == "events" else open
        ending = ".csv.gz" if name == "events" else ".csv"
        with opened(folder / f"{name}{ending}", "wt", newline="") as file:
            csv.writer(file).writerows([HEADS[name], *rows])
    return folder


def test_the_files_become_lists_entries_and_friendships(tmp_path):
    data = load_event_challenge(write(tmp_path))
    assert (len(data.people.ids), len(data.events.ids)) == (40, 30)
    assert len(data.shown) == 1200
    assert int(data.lists[-1]) + 1 == 200
    assert len(data.friendships) == 80
    assert np.isnan(data.people.births[3])
    assert np.isnan(data.people.births[39])
    assert np.isnan(data.events.locations[0]).all()
    assert data.events.locations[1].tolist() == [50.01, -0.1]
    assert data.events.topics[3][:3].tolist() == [0, 3, 0]
    assert np.unique(data.shown.time[data.lists == 0]).tolist() == [1349193185.754]
    row = tables()["train"][0]
    first = (data.shown.person == row[0]) & (
        data.events.ids[data.shown.event] == row[1]
    )
    assert data.joined[first][0] == row[4]


def test_the_checksum_is_of_the_contents_of_all_files(tmp_path):
    before = load_event_challenge(write(tmp_path)).checksum
    packed = tmp_path / "events.csv.gz"
    (tmp_path / "events.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert load_event_challenge(tmp_path).checksum == before
    with (tmp_path / "users.csv").open("a") as users:
        users.write("\n")
    assert load_event_challenge(tmp_path).checksum != before


def test_attendance_that_is_to_be_found_is_not_known(tmp_path):
    """Of a pair that was shown only what was said then is known, and only after it."""
    data = load_event_challenge(write(tmp_path))
    shown = set(zip(data.shown.person.tolist(), data.shown.event.tolist(), strict=True))
    early = data.joins.time < data.shown.time.min()
    pairs = zip(data.joins.person[early], data.joins.event[early], strict=True)
    assert early.any()
    assert not shown & {(int(p), int(e)) for p, e in pairs}
    assert len(data.joins) == early.sum() + data.joined.sum()


def test_a_system_learns_from_them(tmp_path):
    data = load_event_challenge(write(tmp_path))
    system = Events(compare="logistic").fit(data)
    measured = SPEC.evaluate(system, data)
    assert "share_of_best_possible" not in measured.metrics
    assert measured.metrics["ndcg_at_10"].value > 0.7
    assert [len(ids) for ids in system.recommend(["0"], k=3).ids] == [3]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train": []}, "expected 10 rows or more, got 0"),
        (
            {"train": [[0, "900", 0, "yesterday", 0, 0]] * 10},
            "row 2: 'yesterday' is no time",
        ),
        (
            {"train": [[0, "900", 2, stamp(1), 0, 0]] * 10},
            "row 2: invited must be 0 or 1, got '2'",
        ),
        (
            {"train": [[0, "1", 0, stamp(1), 0, 0]] * 10},
            "row 2: the event '1' is not in",
        ),
        ({"train": [[0, "900"]] * 10}, "row 2: nothing in invited"),
        (
            {"train": [[], *[[0, "900", 0, "yesterday", 0, 0]] * 10]},
            "row 3: 'yesterday' is no time",
        ),
        (
            {"users": [[], [0, "", 1990, "", "soon", "", ""]]},
            "users.csv, row 3: 'soon' is no time",
        ),
        ({"events": []}, "holds none of the events of train.csv"),
    ],
)
def test_rows_that_cannot_be_read_are_named(tmp_path, changed, message):
    with pytest.raises(ValueError, match=message):
        load_event_challenge(write(tmp_path, **changed))


def test_missing_files_and_columns_are_named(tmp_path):
    write(tmp_path)
    (tmp_path / "users.csv").write_text("id,year\n1,2\n")
    expected = "has no column user_id, birthyear, joinedAt: .* found were id, year"
    with pytest.raises(ValueError, match=expected):
        load_event_challenge(tmp_path)
    (tmp_path / "users.csv").write_bytes(b"\xff\xfe\x00\x81" * 9)
    with pytest.raises(ValueError, match="is no table of commas"):
        load_event_challenge(tmp_path)
    (tmp_path / "users.csv").unlink()
    cut = gzip.compress(b"user_id,birthyear,joinedAt\n")[:-12]
    (tmp_path / "users.csv.gz").write_bytes(cut)
    with pytest.raises(ValueError, match=r"users\.csv\.gz is no table"):
        load_event_challenge(tmp_path)
    (tmp_path / "users.csv.gz").unlink()
    with pytest.raises(
        ValueError, match=r"needs train.csv, users.csv, .* it holds event"
    ):
        load_event_challenge(tmp_path)
    assert all(set(columns) <= set(HEADS[name]) for name, columns in COLUMNS.items())
