"""Places sold over HTTP: as the library sells them, and refusals in a sentence."""

import contextlib

import pytest

from lookalike.core.library import Library


@pytest.fixture(scope="module")
def served(small, tmp_path_factory, clients):
    """A system, and a client of its service."""
    made, folder = small("ads"), tmp_path_factory.mktemp("auction")
    library = Library("ads", folder / "ads")
    library.add(made.system.save)
    making = clients({"ads": library}, folder)
    yield made.system, next(making)()
    with contextlib.suppress(StopIteration):
        next(making)


def test_a_page_is_sold_as_the_library_sells_it(served):
    system, client = served
    sent = {"user": "u3", "k": 2, "kind": "vcg", "context": {"device": "tablet"}}
    answered = client.post("/v1/ads/auction", json=sent)
    assert answered.status_code == 200, answered.text
    [sale] = answered.json()["answers"]
    expected = system.run_auction("u3", 2, "vcg", context={"device": "tablet"})
    assert sale == expected.record()
    ranked = client.post("/v1/ads/rank", json={"user": "u3", "ids": ["a1", "a2"]})
    assert len(ranked.json()["answers"][0]["hits"]) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": "first"}, "kind"),
        ({"reserve": -1}, "reserve"),
        ({"context": {"moon": "full"}}, "The context may name"),
        ({"spent": {"zz": 1}}, "an ad that is not known"),
    ],
)
def test_what_is_no_auction_is_refused(served, more, said):
    _, client = served
    refused = client.post("/v1/ads/auction", json={"user": "u3", **more})
    assert refused.status_code == 422
    assert said in refused.text
