"""Nobody gets in where they don't belong."""

import json
import pickle

import numpy as np
import pytest

from lookalike.service.database import keys


@pytest.fixture
def guarded(make_client):
    """A client of a service that asks for keys, and a key of each scope."""
    client = make_client(require_key=True, host="http://example.org")
    with client.components.database.writing() as connection:
        made = {s: keys.make(connection, f"for {s}", s) for s in keys.SCOPES}
    client.components.keyring.read()
    return client, made


def asked(client, method, path, key=None):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return client.request(method, path, headers=headers)


def test_a_revoked_key_is_good_for_nothing(guarded):
    client, made = guarded
    assert asked(client, "GET", "/v1/digits/items", made["read"]).status_code == 200
    with client.components.database.writing() as connection:
        keys.revoke(connection, made["read"].split("_")[1])
        with pytest.raises(ValueError, match="no key"):
            keys.revoke(connection, made["read"].split("_")[1])
    client.components.keyring.read()
    assert asked(client, "GET", "/v1/digits/items", made["read"]).status_code == 401


def test_a_key_is_kept_as_a_digest_and_never_logged(make_client, tmp_path):
    client = make_client(require_key=True, log_requests=True)
    with client.components.database.writing() as connection:
        key = keys.make(connection, "somebody", "read")
        assert key not in json.dumps(keys.listed(connection))
    client.components.keyring.read()
    secret = key.split("_", 2)[2]
    asked(client, "GET", "/v1/digits/items", key)
    asked(client, "GET", f"/v1/digits/items/{secret}", key)
    asked(client, "GET", "/v1/digits/items", f"{key}x")
    assert '"status": 200' in client.log.getvalue()
    assert secret not in client.log.getvalue()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("name", "scope", "rate", "sentence"),
    [
        ("x", "root", 0, "scope must be one of read, write, admin"),
        ("", "read", 0, "1 to 200 characters"),
        ("x", "read", -1, "at least 0"),
    ],
)
def test_a_bad_key_is_not_made(make_client, name, scope, rate, sentence):
    client = make_client()
    database = client.components.database
    with database.writing() as connection, pytest.raises(ValueError, match=sentence):
        keys.make(connection, name, scope, rate)


def test_without_keys_only_this_machine_may_ask(make_client):
    client = make_client()
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example"):
        answer = client.get("/v1/digits/items", headers={"host": host})
        assert answer.status_code == 403
    for host in ("localhost:8000", "127.0.0.1:9", "[::1]:8000"):
        assert client.get("/v1/digits/items", headers={"host": host}).is_success


@pytest.mark.parametrize(
    "sent",
    [
        {"x-forwarded-for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9;host=shop.example"},
        {"x-real-ip": "203.0.113.9"},
        {"via": "1.1 somewhere"},
        {"cf-connecting-ip": "203.0.113.9"},
        {"x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost"},
        {"x-forwarded-for": "203.0.113.9", "host": "shop.example"},
    ],
)
def test_what_a_proxy_hands_on_needs_a_key(make_client, sent):
    client = make_client()
    with client.components.database.writing() as connection:
        key = keys.make(connection, "the shop", "write")
    client.components.keyring.read()
    path = "/v1/digits/items/1"
    assert client.delete(path, headers=sent).status_code == 401
    assert client.get("/v1/digits/items", headers=sent).status_code == 401
    assert client.get("/readyz", headers=sent).is_success
    with_key = {**sent, "authorization": f"Bearer {key}"}
    assert client.delete(path, headers=with_key).is_success
    assert client.delete("/v1/users/ann", headers=with_key).status_code == 403
    assert client.delete(path).is_success


def test_a_proxy_that_is_trusted_by_name_needs_no_key(make_client):
    client = make_client(trusted_proxies=["Shop.example"])
    path = "/v1/digits/items/1"
    added = {"x-forwarded-for": "203.0.113.9"}

    def status(**sent):
        headers = {name.replace("_", "-"): value for name, value in sent.items()}
        return client.delete(path, headers=headers).status_code

    assert status(host="shop.example", **added) == 200
    assert status(x_forwarded_host="shop.example:443", **added) == 200
    assert status(forwarded="for=1.2.3.4;host=shop.example") == 200
    assert status(host="shop.example") == 200
    assert status(host="shop.example", origin="https://shop.example", **added) == 200
    assert status(host="shop.example", origin="https://evil.example", **added) == 403
    assert status(**added) == 401
    assert status(host="evil.example", x_forwarded_host="shop.example") == 401
    assert status(host="evil.example") == 403
    assert status(x_forwarded_host="evil.example", **added) == 401


def test_without_keys_another_sites_page_may_not_write(make_client):
    client = make_client()
    for origin in ("http://evil.example", "null", "http://127.0.0.1:81"):
        headers = {"origin": origin}
        answer = client.delete("/v1/digits/items/1", headers=headers)
        assert answer.status_code == 403
    headers = {"origin": "http://127.0.0.1"}
    assert client.delete("/v1/digits/items/1", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "name", ["..", "../digits", "/etc", "a/b", "a\\b", "", ".", "x" * 65, "a\0"]
)
def test_a_snapshots_name_leads_nowhere_else(make_client, tmp_path, name):
    client = make_client()
    before = sorted(path.name for path in tmp_path.iterdir())
    for path in ("/v1/snapshots", "/v1/snapshots/restore"):
        answer = client.post(path, json={"name": name})
        assert answer.status_code == 422
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_nothing_that_is_sent_or_restored_is_unpickled(make_client, tmp_path):
    canary = tmp_path / "canary"
    trap = pickle.dumps(_Trap(str(canary)))
    client = make_client()
    for kind in ("image/png", "application/octet-stream", "application/json"):
        headers = {"content-type": kind}
        client.post("/v1/digits/search", content=trap, headers=headers)
    client.post("/v1/digits/search", files={"image": trap})
    client.post("/v1/snapshots", json={"name": "one"})
    folder = tmp_path / "state" / "snapshots" / "one"
    for name in ("items.jsonl", "digits/0001/labels.npy", "snapshot.json"):
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(trap)
        answer = client.post("/v1/snapshots/restore", json={"name": "one"})
        assert answer.status_code == 422
        (folder / name).write_bytes(kept)
    np.save(folder / "digits/0001/labels.npy", np.array([_Trap(str(canary))]))
    client.post("/v1/snapshots/restore", json={"name": "one"})
    assert not canary.exists()


class _Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_deleting_a_user_leaves_the_id_in_no_file(
    make_client, url, tmp_path, digits_data
):
    client = make_client(url)
    who = "user-of-whom-nothing-stays"
    event = {"action_name": "click", "timestamp": "2026-01-01T00:00:00Z"}
    sent = [event | {"event_id": f"e{i}", "user_id": who} for i in range(50)]
    sent += [event | {"event_id": f"o{i}", "client_id": "another"} for i in range(50)]
    client.post("/v1/events", json={"events": sent})
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}, "client_id": who}
    client.post("/v1/digits/search", json=body)
    client.post("/v1/snapshots", json={"name": "one"})
    client.get("/v1/export/events")
    if url.startswith("sqlite"):
        assert _files_with(who, tmp_path)
    assert client.delete(f"/v1/users/{who}").json() == {"deleted": 51}
    assert _files_with(who, tmp_path) == []
    client.post("/v1/events", json={"events": sent})
    client.post("/v1/digits/search", json=body)
    client.post("/v1/snapshots/restore", json={"name": "one"})
    client.post("/v1/snapshots", json={"name": "two"})
    client.post("/v1/events", json={"events": sent})
    assert _files_with(who, tmp_path) == []
    again = client.post("/v1/events", json={"events": sent[50:]}).json()
    assert again == {"acknowledged": 50, "new": 0}
    assert who not in client.log.getvalue()


def test_a_snapshot_that_cannot_be_read_does_not_keep_a_user(make_client, tmp_path):
    client = make_client()
    who = "user-of-whom-little-stays"
    event = {"action_name": "click", "timestamp": "2026-01-01T00:00:00Z"}
    sent = [event | {"event_id": "e", "user_id": who}]
    client.post("/v1/events", json={"events": sent})
    for name in ("a", "b"):
        client.post("/v1/snapshots", json={"name": name})
    client.get("/v1/export/events")
    [damaged] = tmp_path.rglob("snapshots/a/snapshot.json")
    damaged.write_bytes(b"{}")
    told = client.delete(f"/v1/users/{who}").json()
    assert told["not_reached"] == ["a"]
    assert told["notes"] == ["No whole snapshot, left as it is: a."]
    assert {path.parent for path in _files_with(who, tmp_path)} == {damaged.parent}


def _files_with(text, folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if text.encode() in path.read_bytes()]
