"""Reader of the files of the Event Recommendation Engine Challenge.

The task of the challenge (Kaggle, 2013) is to predict which of the events that were
shown to a person interested them. The files have no prices, and no times at which
events were announced or joined. Attendance therefore counts as known from the
beginning, except that of the pairs that were shown, and an event as announced 30 days
before it begins, or when it was first shown if that is earlier.
"""

import csv
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.datasets._opened import number_of, opened
from lookalike.datasets.events import DAY, EventData, EventLog, Events, Users
from lookalike.datasets.locate import checksum

COLUMNS = {
    "train": ("user", "event", "invited", "timestamp", "interested"),
    "users": ("user_id", "birthyear", "joinedAt"),
    "user_friends": ("user", "friends"),
    "events": ("event_id", "user_id", "start_time", "lat", "lng"),
    "event_attendees": ("event", "yes", "invited"),
}
"""Columns that are needed of each file; others are ignored."""
TOPICS = (*(f"c_{i}" for i in range(1, 101)), "c_other")
TEST_SHARE = 0.2  # of the lists, the latest

Row = dict[str, str]
LINE = "line in the file"
"""Key of a row's own number; no column has this name."""


def load_event_challenge(folder: str | os.PathLike[str]) -> EventData:
    """Load the files of the challenge from a folder, each gzipped or not.

    They are ``train.csv``, ``users.csv``, ``user_friends.csv``, ``events.csv`` and
    ``event_attendees.csv``. Events are kept if they are shown in ``train.csv`` or
    attended by its people. The latest fifth of the lists is for testing.

    Raises
    ------
    ValueError
        If a file or a column is missing, or a row cannot be read; the message names
        the row, what was found and what is needed.
    """
    files = {name: _file(Path(folder), name) for name in COLUMNS}
    train = list(_rows(files["train"], "train"))
    if len(train) < 10:
        raise ValueError(
            f"{files['train']}: expected 10 rows or more, got {len(train)}."
        )
    users = {row["user_id"]: row for row in _rows(files["users"], "users")}
    names = dict.fromkeys(row["user"] for row in train)
    people = {name: n for n, name in enumerate(names)}
    attended = _attended(files["event_attendees"], people)
    needed = {row["event"] for row in train} | {event for event, _, _ in attended}
    events = [
        row for row in _rows(files["events"], "events") if row["event_id"] in needed
    ]
    if not events:
        raise ValueError(f"{files['events']} holds none of the events of train.csv.")
    event_rows = {row["event_id"]: n for n, row in enumerate(events)}
    shown, lists, joined, invited = _shown(train, people, event_rows, files["train"])
    attending = _attendance(attended, people, event_rows, shown)
    # The flag says that the person was invited before the list was shown.
    invited_before = EventLog(shown.time - 1.0, shown.person, shown.event)
    first = float(shown.time.min())
    contents = " ".join(checksum(file) for file in files.values())
    return EventData(
        name="event_challenge",
        checksum=hashlib.sha256(contents.encode()).hexdigest(),
        people=_people(users, people, first, files["users"]),
        events=_events(events, shown, files["events"]),
        friendships=_friendships(files["user_friends"], people),
        shown=shown,
        lists=lists,
        joined=joined,
        chance=np.full(len(shown), np.nan),
        joins=_merged(attending["yes"], shown.where(joined)),
        invitations=_merged(attending["invited"], invited_before.where(invited)),
        split=float(np.quantile(np.unique(shown.time), 1 - TEST_SHARE)),
    )


def _file(folder: Path, name: str) -> Path:
    for ending in (".csv", ".csv.gz"):
        if (folder / f"{name}{ending}").exists():
            return folder / f"{name}{ending}"
    found = ", ".join(sorted(file.name for file in folder.iterdir())) or "nothing"
    needed = ", ".join(f"{each}.csv" for each in COLUMNS)
    raise ValueError(f"{folder} needs {needed}; it holds {found}.")


def _rows(file: Path, name: str) -> Iterator[Row]:
    """Yield the rows as dictionaries, and check the needed columns."""
    with opened(file, "table of commas") as lines:
        reader = csv.DictReader(lines)
        found = list(reader.fieldnames or [])
        missing = [column for column in COLUMNS[name] if column not in found]
        if missing:
            raise ValueError(
                f"{file} has no column {', '.join(missing)}: needed are "
                f"{', '.join(COLUMNS[name])}; found were "
                f"{', '.join(found) or 'none'}."
            )
        twice = [column for column in COLUMNS[name] if found.count(column) > 1]
        if twice:
            raise ValueError(f"{file} has the column {twice[0]} more than once.")
        for row in reader:
            short = [column for column in COLUMNS[name] if row[column] is None]
            if short:
                raise ValueError(
                    f"{file}, row {reader.line_num}: nothing in {short[0]}."
                )
            filled = {key: value for key, value in row.items() if key}
            yield {**filled, LINE: str(reader.line_num)}


def _attended(file: Path, people: dict[str, int]) -> list[tuple[str, str, str]]:
    """Return event, person and answer ("yes" or "invited") of these people."""
    return [
        (row["event"], person, answer)
        for row in _rows(file, "event_attendees")
        for answer in ("yes", "invited")
        for person in row[answer].split()
        if person in people
    ]


def _shown(
    train: list[Row], people: dict[str, int], events: dict[str, int], file: Path
) -> tuple[EventLog, Ints, Array, Array]:
    """Return the shown events by list, numbers of lists, and who joined or was invited.

    Rows of one person with the same time are a list.
    """
    rows = []
    for row in train:
        number = row[LINE]
        if row["event"] not in events:
            raise ValueError(
                f"{file}, row {number}: the event {row['event']!r} is not in "
                "events.csv."
            )
        time = _time(row["timestamp"], file, number)
        flags = [
            _flag(row[name], file, number, name) for name in ("interested", "invited")
        ]
        rows.append((time, people[row["user"]], events[row["event"]], *flags))
    rows.sort(key=lambda each: each[:2])
    table = np.array(rows, np.float64)
    times, person, event = table[:, 0], *table[:, 1:3].astype(np.int64).T
    begins = (np.diff(times, prepend=np.nan) != 0) | (np.diff(person, prepend=-1) != 0)
    joined, invited = table[:, 3:].astype(bool).T
    return EventLog(times, person, event), np.cumsum(begins) - 1, joined, invited


def _attendance(
    attended: list[tuple[str, str, str]],
    people: dict[str, int],
    events: dict[str, int],
    shown: EventLog,
) -> dict[str, EventLog]:
    """Return attendance by answer, as if it were known from the beginning.

    Pairs that were shown are left out, because they are to be predicted.
    """
    pairs = set(zip(shown.person.tolist(), shown.event.tolist(), strict=True))
    found: dict[str, list[tuple[int, int]]] = {"yes": [], "invited": []}
    for event, person, answer in attended:
        pair = people[person], events.get(event, -1)
        if pair[1] >= 0 and pair not in pairs:
            found[answer].append(pair)
    before = float(shown.time.min()) - DAY
    tables = {name: np.array(p, np.int64).reshape(-1, 2) for name, p in found.items()}
    return {
        name: EventLog(np.full(len(table), before), table[:, 0], table[:, 1])
        for name, table in tables.items()
    }


def _merged(first: EventLog, second: EventLog) -> EventLog:
    """Return the entries of both, by time."""
    both = EventLog(
        np.concatenate([first.time, second.time]),
        np.concatenate([first.person, second.person]),
        np.concatenate([first.event, second.event]),
    )
    return both.where(np.argsort(both.time, kind="stable"))


def _people(
    users: dict[str, Row], people: dict[str, int], first: float, file: Path
) -> Users:
    """Return the people; without a row in users.csv only their name is known."""
    n_people = len(people)
    births, registered = np.full(n_people, np.nan), np.full(n_people, first - 30 * DAY)
    for name, n in people.items():
        row = users.get(name)
        if row is None:
            continue
        year = number_of(row["birthyear"])
        births[n] = year if 1900 <= year <= 2020 else np.nan
        if row["joinedAt"].strip() not in ("", "None"):
            registered[n] = _time(row["joinedAt"], file, row[LINE])
    return Users(
        ids=np.array(list(people)),
        locations=np.full((n_people, 2), np.nan),
        births=births,
        registered=registered,
        interests=np.zeros((n_people, len(TOPICS))),
    )


def _events(rows: list[Row], shown: EventLog, file: Path) -> Events:
    starts = np.array([_time(row["start_time"], file, row[LINE]) for row in rows])
    created = starts - 30 * DAY
    first = np.full(len(rows), np.inf)
    np.minimum.at(first, shown.event, shown.time)
    hosts: dict[str, int] = {}
    counts = [[number_of(row.get(name, "")) for name in TOPICS] for row in rows]
    return Events(
        ids=np.array([row["event_id"] for row in rows]),
        locations=np.array([[number_of(r[c]) for c in ("lat", "lng")] for r in rows]),
        topics=np.maximum(np.nan_to_num(np.array(counts)), 0),
        prices=np.full(len(rows), np.nan),
        created=np.minimum(created, first),
        starts=starts,
        hosts=np.array([hosts.setdefault(r["user_id"], len(hosts)) for r in rows]),
    )


def _friendships(file: Path, people: dict[str, int]) -> Ints:
    pairs = {
        tuple(sorted((people[row["user"]], people[friend])))
        for row in _rows(file, "user_friends")
        if row["user"] in people
        for friend in row["friends"].split()
        if friend in people and friend != row["user"]
    }
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def _time(text: str, file: Path, row: str) -> float:
    """Return seconds since 1970 of times such as "2012-10-02 15:53:05.754000+00:00"."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"{file}, row {row}: {text[:40]!r} is no time.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _flag(text: str, file: Path, number: str, name: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise ValueError(
            f"{file}, row {number}: {name} must be 0 or 1, got {text[:40]!r}."
        )
    return text.strip() == "1"
