"""Posts that wait for a person, as rows: how one is kept, shown, decided, and exported.

A row is one of ``database.reviews``: what was sent, and what the system said of it.
"""

import base64
import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from lookalike.core.masking import masked
from lookalike.service.database.connection import now
from lookalike.service.errors import ServiceError
from lookalike.service.schemas import ReviewDecision

ANSWERED = "kind", "probability", "low", "high", "language", "policy", "judged_by"
"""What is shown of the answer."""


def row_of(
    parts: Mapping[str, Any], answer: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Return the row of a post that waits.

    parts : of the post, as ``bodies.parts_of`` returns them
    answer : the record of what the system said
    more : id, system, generation and value

    Raises
    ------
    ServiceError
        If its picture is rows of pixels, which are no file that can be shown.
    """
    picture = parts.get("picture")
    if picture is not None and not isinstance(picture, bytes):
        raise ServiceError(
            422, "A picture that waits for review must be a file, in base64."
        )
    others = {name: part for name, part in parts.items() if name != "picture"}
    return {
        "picture": picture,
        "post": json.dumps(others),
        "answer": json.dumps(answer),
        **more,
    }


def shown(row: Mapping[str, Any], reveal: bool) -> dict[str, Any]:
    """Return a row as it is sent: its text masked unless it is revealed."""
    post, answer = json.loads(row["post"]), json.loads(row["answer"])
    text, appeal = post.get("text") or "", row["appeal"]
    return {
        "id": row["id"],
        "text": text if reveal else masked(text),
        "revealed": reveal,
        "has_picture": row["picture"] is not None,
        "author": post.get("author"),
        "reactions": post.get("reactions"),
        **{name: answer.get(name) for name in ANSWERED},
        "value": row["value"],
        "appeal": appeal if reveal or not appeal else masked(appeal),
        "skipped": row["skipped"],
        "decision": row["decision"],
        "kinds": json.loads(row["kinds"] or "[]"),
        "decided": row["decided"],
        "received": row["received"],
    }


def picture_of(row: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the picture of a row as it is sent, None where there is none."""
    if row["picture"] is None:
        return None
    return {"base64": base64.b64encode(row["picture"]).decode()}


def decided_as(
    sent: ReviewDecision, row: Mapping[str, Any], known: Sequence[str]
) -> dict[str, Any]:
    """Return what a decision changes in a row; one that is removed has a kind.

    known : kinds of harm, the first of which is harm of any kind
    """
    if sent.decision == "skip":
        return {"skipped": row["skipped"] + 1}
    kinds = sent.kinds or ([known[0]] if sent.decision == "remove" else [])
    return {"decision": sent.decision, "kinds": json.dumps(kinds), "decided": now()}


def check_decision(sent: ReviewDecision, known: Sequence[str]) -> None:
    """Refuse a decision for kinds that there are not, or to keep a post for some."""
    for kind in sent.kinds:
        if kind not in known:
            raise ServiceError(
                422, f"A kind must be one of {', '.join(known)}, got {kind!r:.50}."
            )
    if sent.decision == "keep" and sent.kinds:
        raise ServiceError(422, "A post that is kept has no kinds of harm.")


APPEALED = {"decision": None, "kinds": None, "decided": None, "skipped": 0}
"""What an appeal changes in a row, beside its reason: the post waits again."""


def as_table(rows: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> str:
    """Return decisions as CSV: text, language, and 1 or 0 of each kind.

    rows : as ``reviews.decided`` returns them

    Examples
    --------
    >>> rows = [{"text": "so", "language": "en", "decision": "remove", "kinds": ["a"]}]
    >>> print(as_table(rows, ("any", "a")).replace(chr(13), ""), end="")
    text,language,any,a
    so,en,1,1
    """
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(("text", "language", *kinds))
    for row in rows:
        harmful = row["decision"] == "remove"
        found = [int(harmful), *(int(kind in row["kinds"]) for kind in kinds[1:])]
        table.writerow((row.get("text", ""), row["language"] or "", *found))
    return out.getvalue()
