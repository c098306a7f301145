"""An event that was acknowledged is kept, however old its own timestamp is."""

import time

from _case import check, end, folder, within
from _serve import Service, digits, event

within(150)
# What is done once an hour is done every second here (skip this where it has moved).
SOONER = """
try:
    import lookalike.service.maintenance as maintenance
    maintenance._HOUR = 1.0
except (ImportError, AttributeError):
    pass
"""
with folder() as root:
    where, picture, _ = digits(root)
    with Service(root / "state", where, before=SOONER) as service:
        old = [
            event("old-click", when="2020-05-01T00:00:00Z", user_id="a"),
            event("old-friend", "befriend", "2020-05-01T00:00:00Z", user_id="a", event_attributes={"object": {"object_id": "b"}}),
            event("new-click", when="2100-01-01T00:00:00Z", user_id="a"),
        ]
        sent = service.post("/v1/events", {"events": old})
        for _ in range(20):
            service.post("/v1/digits/search?k=1", picture, headers={"content-type": "image/png"})
            time.sleep(0.25)
        again = service.post("/v1/events", {"events": old})
        told = [line for line in service.log.read_text().splitlines() if "old-" in line or "forg" in line or "delet" in line]
        came = f"first time {sent.json}; sent again: {again.json}; log lines: {len(told)}"
        check("three events, two of them of 2020, after the hourly chore", again.json["new"] == 0, "all still there: new 0 when sent again", came)
end()
