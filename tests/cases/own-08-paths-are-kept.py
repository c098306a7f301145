"""A system that was trained from a relative path can be measured from elsewhere."""

from _case import check, end, folder, lookalike, within
from _serve import friendships, plays

within(150)
with folder() as root:
    plays(root / "plays.csv")
    friendships(root / "friends.txt")
    (root / "elsewhere").mkdir()
    for system, data in (("games", "plays.csv"), ("people", "friends.txt")):
        lookalike("train", system, "--data", data, "--folder", root / system, cwd=root)
        status, out, err = lookalike("evaluate", system, "--folder", root / system, cwd=root / "elsewhere")
        last = (out + err).strip().splitlines()[-1].replace(str(root), ".")
        check(f"evaluate {system} in another folder", status == 0, "status 0", f"status {status}: {last[:200]}")
    head = "source,target\n" + (root / "friends.txt").read_text().replace(" ", ",")
    (root / "edges.csv").write_text(head)
    status, out, err = lookalike("train", "people", "--data", root / "edges.csv", "--folder", root / "p2")
    who = lookalike("recommend", "people", "source", "--folder", root / "p2")
    came = f"train: status {status}; recommend for 'source': status {who[0]} {(who[1] + who[2]).strip()[:120]}"
    # Who is not known is suggested somebody, too, and is told to be new.
    new = "you are new here" in who[1]
    check("edges with a header: a person named 'source'", new, "nobody of that name", came)
end()
