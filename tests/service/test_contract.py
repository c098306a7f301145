"""No request that the OpenAPI document allows, or forbids, breaks the service."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

schemathesis = pytest.importorskip("schemathesis")
LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


@pytest.mark.filterwarnings("ignore")  # of what schemathesis itself uses
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_request_ends_in_a_5xx(make_client, mode):
    client = make_client(max_batch=16, watch=5.0)
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    seen = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        kind = schemathesis.GenerationMode[mode]
        try:
            tried(operation.as_strategy(generation_mode=kind), client, seen)()
        except Unsatisfiable:
            continue  # there is nothing to do wrong on this route
    assert len({path for path, status in seen if isinstance(status, int)}) > 15
    assert client.log.getvalue().count('"request failed"') == 0


def tried(cases, client, seen):
    @settings(
        max_examples=10 * LONG,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def call(case):
        path = case.operation.path
        try:
            answer = client.request(**request_of(case, str(client.base_url)))
        except (UnicodeError, TypeError, ValueError) as error:
            # The client itself refuses to send such a thing.
            seen.add((path, type(error).__name__))
            return
        assert answer.status_code < 500, (path, answer.text)
        seen.add((path, answer.status_code))

    return call


def request_of(case, base_url):
    """What schemathesis made up, as our client sends it."""
    sent = case.as_transport_kwargs(base_url=base_url)
    kept = ("method", "url", "params", "headers", "json", "files", "cookies")
    request = {key: sent[key] for key in kept if sent.get(key) is not None}
    if "files" in request:
        request["files"] = [
            (name, (file, part if isinstance(part, bytes) else str(part), *kind))
            for name, (file, part, *kind) in request["files"]
        ]
    request["headers"] = {**request.get("headers", {}), "host": "127.0.0.1"}
    if isinstance(sent.get("data"), (bytes, str)):
        request["content"] = sent["data"]
    elif sent.get("data") is not None:
        request["data"] = sent["data"]
    return request
