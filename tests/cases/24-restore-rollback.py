"""Items that were acknowledged after a restore outlive a rollback."""

from _case import check, end, folder, within
from _serve import Service, digits

within(150)
with folder() as root:
    where, _, pixels = digits(root)
    with Service(root / "state", where) as service:

        def add(*ids):
            items = [{"id": i, "label": 7, "image": {"pixels": pixels}} for i in ids]
            return service.post("/v1/digits/items", {"items": items}).status

        def has(name):
            return service.get(f"/v1/digits/items/{name}").status

        def post(path, body=None):
            found = service.post(path, body if body is not None else b"")
            print("  ", path, found)

        post("/v1/snapshots", {"name": "s"})
        print("   add x1 x2 x3:", add("x1", "x2", "x3"))
        post("/v1/digits/generations/compact")
        post("/v1/snapshots/restore", {"name": "s"})
        check("x1 after the restore of a snapshot without it", has("x1") == 404, 404, has("x1"))
        print("   add Y:", add("Y"))
        post("/v1/digits/generations/compact")
        post("/v1/digits/generations/rollback")
        check("x1 after compaction and rollback", has("x1") == 404, 404, has("x1"))
        check("Y, acknowledged after the restore", has("Y") == 200, 200, has("Y"))
        sent = add("Z")
        check(f"Z, acknowledged with {sent} after the rollback", has("Z") == 200, 200, has("Z"))
end()
