"""The files of the Event Recommendation Engine Challenge, for those who have them.

The challenge (Kaggle, 2013) asks which of the events that were shown to a person they
were interested in. Its files have no prices and no time at which an event was announced
or joined: attendance counts as known from the beginning, except that of the pairs that
were shown, and an event as open since it was first shown.
"""

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.datasets._opened import opened
from lookalike.datasets.events import DAY, EventData, EventLog, Events, Users

COLUMNS = {
    "train": ("user", "event", "invited", "timestamp", "interested"),
    "users": ("user_id", "birthyear", "joinedAt"),
    "user_friends": ("user", "friends"),
    "events": ("event_id", "user_id", "start_time", "lat", "lng"),
    "event_attendees": ("event", "yes", "invited"),
}
"""What is needed of each file; further columns are passed over."""
TOPICS = (*(f"c_{i}" for i in range(1, 101)), "c_other")
TEST_SHARE = 0.2  # of the lists, the latest

Row = dict[str, str]


def load_event_challenge(folder: str | os.PathLike[str]) -> EventData:
    """Load the files of the challenge from a folder, each gzipped or not.

    They are ``train.csv``, ``users.csv``, ``user_friends.csv``, ``events.csv`` and
    ``event_attendees.csv``.

    Only events that were shown in ``train.csv`` or that its people said they attend are
    kept. The latest fifth of the lists is for testing.

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
    asked = dict.fromkeys(row["user"] for row in train)
    attended = _attended(files["event_attendees"], asked)
    wanted = {row["event"] for row in train} | {event for event, _, _ in attended}
    events = [
        row for row in _rows(files["events"], "events") if row["event_id"] in wanted
    ]
    if not events:
        raise ValueError(f"{files['events']} holds none of the events of train.csv.")
    place = {row["event_id"]: n for n, row in enumerate(events)}
    who = {user: n for n, user in enumerate(asked)}
    shown, lists, joined, invited = _shown(train, who, place, files["train"])
    attending = _attendance(attended, who, place, shown)
    # Who was invited by then was so before the list was seen.
    asked_before = EventLog(shown.time - 1.0, shown.person, shown.event).where(invited)
    first = float(shown.time.min())
    return EventData(
        name="event_challenge",
        checksum=_checksum(files.values()),
        people=_people(users, who, first, files["users"]),
        events=_events(events, shown, files["events"]),
        friendships=_friendships(files["user_friends"], who),
        shown=shown,
        lists=lists,
        joined=joined,
        chance=np.full(len(shown), np.nan),
        joins=_merged(attending["yes"], shown.where(joined)),
        invitations=_merged(attending["invited"], asked_before),
        split=float(np.quantile(np.unique(shown.time), 1 - TEST_SHARE)),
    )


def _file(folder: Path, name: str) -> Path:
    for ending in (".csv", ".csv.gz"):
        if (folder / f"{name}{ending}").exists():
            return folder / f"{name}{ending}"
    there = ", ".join(sorted(file.name for file in folder.iterdir())) or "nothing"
    needed = ", ".join(f"{each}.csv" for each in COLUMNS)
    raise ValueError(f"{folder} needs {needed}; it holds {there}.")


def _rows(file: Path, name: str) -> Iterator[Row]:
    """Rows as dictionaries, the columns that are needed checked."""
    with opened(file, "table of commas") as lines:
        reader = csv.DictReader(lines)
        found = reader.fieldnames or []
        missing = [column for column in COLUMNS[name] if column not in found]
        if missing:
            raise ValueError(
                f"{file} has no column {', '.join(missing)}: needed are "
                f"{', '.join(COLUMNS[name])}; found were "
                f"{', '.join(found) or 'none'}."
            )
        for row in reader:
            short = [column for column in COLUMNS[name] if row[column] is None]
            if short:
                raise ValueError(
                    f"{file}, row {reader.line_num}: nothing in {short[0]}."
                )
            yield {key: value for key, value in row.items() if key}


def _attended(file: Path, asked: dict[str, None]) -> list[tuple[str, str, str]]:
    """Event, person and what they said, for the people that were asked about."""
    return [
        (row["event"], user, said)
        for row in _rows(file, "event_attendees")
        for said in ("yes", "invited")
        for user in row[said].split()
        if user in asked
    ]


def _shown(
    train: list[Row], who: dict[str, int], place: dict[str, int], file: Path
) -> tuple[EventLog, Ints, Array, Array]:
    """What was shown, by list: a person's rows of one moment are a list."""
    rows = []
    for number, row in enumerate(train, start=2):
        if row["event"] not in place:
            raise ValueError(
                f"{file}, row {number}: the event {row['event']!r} is not in "
                "events.csv."
            )
        when = _time(row["timestamp"], file, number)
        said = [
            _flag(row[name], file, number, name) for name in ("interested", "invited")
        ]
        rows.append((when, who[row["user"]], place[row["event"]], *said))
    rows.sort(key=lambda each: each[:2])
    table = np.array(rows, np.float64)
    time, person, event = table[:, 0], *table[:, 1:3].astype(np.int64).T
    another = (np.diff(time, prepend=np.nan) != 0) | (np.diff(person, prepend=-1) != 0)
    flags = table[:, 3:].astype(bool)
    lists = np.cumsum(another) - 1
    return EventLog(time, person, event), lists, flags[:, 0], flags[:, 1]


def _attendance(
    attended: list[tuple[str, str, str]],
    who: dict[str, int],
    place: dict[str, int],
    shown: EventLog,
) -> dict[str, EventLog]:
    """What was said outside of the lists, as if it were known from the beginning.

    A pair that was shown is left out: that is what is to be found.
    """
    pairs = set(zip(shown.person.tolist(), shown.event.tolist(), strict=True))
    found: dict[str, list[tuple[int, int]]] = {"yes": [], "invited": []}
    for event, user, said in attended:
        pair = who[user], place.get(event, -1)
        if pair[1] >= 0 and pair not in pairs:
            found[said].append(pair)
    before = float(shown.time.min()) - DAY
    tables = {said: np.array(p, np.int64).reshape(-1, 2) for said, p in found.items()}
    return {
        said: EventLog(np.full(len(table), before), table[:, 0], table[:, 1])
        for said, table in tables.items()
    }


def _merged(first: EventLog, second: EventLog) -> EventLog:
    """All of both, in the order of their times."""
    both = EventLog(
        np.concatenate([first.time, second.time]),
        np.concatenate([first.person, second.person]),
        np.concatenate([first.event, second.event]),
    )
    return both.where(np.argsort(both.time, kind="stable"))


def _people(
    users: dict[str, Row], who: dict[str, int], first: float, file: Path
) -> Users:
    """People without a line in users.csv are known by nothing but their name."""
    births, registered = np.full(len(who), np.nan), np.full(len(who), first - 30 * DAY)
    for name, n in who.items():
        row = users.get(name)
        if row is None:
            continue
        year = _number(row["birthyear"])
        births[n] = year if 1900 <= year <= 2020 else np.nan
        if row["joinedAt"].strip() not in ("", "None"):
            registered[n] = _time(row["joinedAt"], file, 0)
    return Users(
        ids=np.array(list(who)),
        places=np.full((len(who), 2), np.nan),
        births=births,
        registered=registered,
        interests=np.zeros((len(who), len(TOPICS))),
    )


def _events(rows: list[Row], shown: EventLog, file: Path) -> Events:
    starts = np.array([_time(row["start_time"], file, 0) for row in rows])
    created = starts - 30 * DAY
    first = np.full(len(rows), np.inf)
    np.minimum.at(first, shown.event, shown.time)
    hosts: dict[str, int] = {}
    counts = [[_number(row.get(name, "")) for name in TOPICS] for row in rows]
    return Events(
        ids=np.array([row["event_id"] for row in rows]),
        places=np.array([[_number(row[c]) for c in ("lat", "lng")] for row in rows]),
        topics=np.maximum(np.nan_to_num(np.array(counts)), 0),
        prices=np.full(len(rows), np.nan),
        created=np.minimum(created, first),
        starts=starts,
        hosts=np.array([hosts.setdefault(r["user_id"], len(hosts)) for r in rows]),
    )


def _friendships(file: Path, who: dict[str, int]) -> Ints:
    pairs = {
        (min(who[row["user"]], who[friend]), max(who[row["user"]], who[friend]))
        for row in _rows(file, "user_friends")
        if row["user"] in who
        for friend in row["friends"].split()
        if friend in who and friend != row["user"]
    }
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def _time(text: str, file: Path, number: int) -> float:
    """Seconds since 1970 of "2012-10-02 15:53:05.754000+00:00" and its like."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        where = f", row {number}" if number else ""
        raise ValueError(f"{file}{where}: {text[:40]!r} is no time.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _flag(text: str, file: Path, number: int, name: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise ValueError(
            f"{file}, row {number}: {name} must be 0 or 1, got {text[:40]!r}."
        )
    return text.strip() == "1"


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _checksum(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files, key=str):
        digest.update(file.read_bytes())
    return digest.hexdigest()
