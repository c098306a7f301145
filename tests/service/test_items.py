"""Items: visible to the next search, durable, and right whatever happens in between."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from lookalike.core.items import Item, ItemCatalogue
from lookalike.service.database.items import counter, take
from lookalike.systems.digits.system import Digits

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


def upsert(client, *items):
    answer = client.post("/v1/digits/items", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def item(id, image, label=1, **more):
    return {"id": id, "label": label, "image": {"pixels": image.tolist()}, **more}


def search(client, image, k=5, **more):
    body = {"image": {"pixels": image.tolist()}, "k": k, **more}
    answer = client.post("/v1/digits/search", json=body)
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["answers"][0]["hits"]]


def test_an_item_is_found_by_the_next_search_and_gone_after_it_is_removed(
    make_client, url, digits_data
):
    client = make_client(url)
    image = digits_data.x_test[0]
    before = search(client, image)
    upsert(client, item("mine", image, label=7, attributes={"colour": "red"}))
    assert search(client, image)[0] == "mine"
    assert search(client, image, where={"colour": ["red"]}) == ["mine"]
    found = client.get("/v1/digits/items/mine").json()
    assert (found["label"], found["attributes"]) == (7, {"colour": "red"})
    assert client.delete("/v1/digits/items/mine").status_code == 200
    assert search(client, image) == before
    assert client.get("/v1/digits/items/mine").status_code == 404


def test_a_row_of_the_generation_can_be_replaced_and_removed(make_client, digits_data):
    client = make_client()
    image = digits_data.x_test[0]
    first, second = search(client, image, 2)
    client.post("/v1/digits/items/delete", json={"ids": [first, "never there"]})
    assert search(client, image, 1) == [second]
    upsert(client, item(first, image))
    assert search(client, image, 2) == [first, second]
    assert client.get("/v1/digits/items").json()["count"] == len(digits_data.x_train)


def test_a_new_item_votes(make_client, digits_data):
    client = make_client()
    image = digits_data.x_test[0]
    wrong = (int(digits_data.y_test[0]) + 1) % 10
    upsert(client, *(item(f"mine{i}", image, wrong) for i in range(3)))
    body = {"image": {"pixels": image.tolist()}}
    answer = client.post("/v1/digits/classify", json=body).json()["answers"][0]
    assert (answer["label"], answer["probability"]) == (wrong, 1.0)


def test_a_vector_is_taken_with_its_version_and_refused_with_another(
    make_client, digits_data
):
    client = make_client()
    image = digits_data.x_test[0]
    active = client.components.served["digits"].active
    vector = active.system.describe(image[None])[0].tolist()
    mine = {"id": "v", "label": 1, "vector": vector}
    version = active.embedding_version
    upsert(client, mine | {"embedding_version": version})
    assert search(client, image, 1) == ["v"]
    refused = [
        (mine, "never mixed"),
        (mine | {"embedding_version": "other"}, "never mixed"),
        (mine | {"embedding_version": version, "vector": vector[1:]}, "finite numbers"),
        (mine | {"image": {"pixels": image.tolist()}}, "either an image or a vector"),
        (mine | {"label": 77, "embedding_version": version}, "one of 0, 1, 2"),
        ({"id": "x", "label": 1}, "either an image or a vector"),
        ({"id": "a\0b", "label": 1}, "id"),
    ]
    for wrong, sentence in refused:
        answer = client.post("/v1/digits/items", json={"items": [wrong]})
        assert answer.status_code == 422
        assert sentence in answer.json()["detail"]


def test_a_batch_with_one_bad_item_changes_nothing(make_client, digits_data):
    client = make_client()
    image = digits_data.x_test[0]
    before = search(client, image)
    for bad, sentence in (
        (item("b", image, label=77), "one of 0, 1, 2"),
        (item("a", image), "twice"),
    ):
        sent = [item("a", image), bad]
        answer = client.post("/v1/digits/items", json={"items": sent})
        assert answer.status_code == 422
        assert sentence in answer.json()["detail"]
        assert search(client, image) == before


def test_items_are_there_after_the_service_starts_again(make_client, url, digits_data):
    image = digits_data.x_test[0]
    first = make_client(url)
    upsert(first, item("mine", image), item("gone", image))
    first.delete("/v1/digits/items/gone")
    second = make_client(url)  # beside the first, which it also sees
    assert search(second, image, 2)[0] == "mine"
    upsert(second, item("theirs", image))
    assert search(first, image, 2) == ["mine", "theirs"]


def test_what_changed_is_folded_into_the_next_generation(make_client, digits_data):
    client = make_client()
    image = digits_data.x_test[0]
    upsert(client, item("mine", image, 7, attributes={"colour": "red"}))
    client.post("/v1/digits/items/delete", json={"ids": ["0", "1"]})
    before = search(client, image, 200)
    answer = client.post("/v1/digits/generations/compact").json()
    assert answer["generation"] == "0003"
    counted = client.get("/v1/digits/items").json()
    assert counted["changed"] == 0
    assert counted["count"] == len(digits_data.x_train) - 1
    assert search(client, image, 200) == before
    assert search(client, image, where={"colour": ["red"]}) == ["mine"]
    client.post("/v1/digits/generations/rollback")
    assert client.get("/v1/digits/items").json()["generation"] == "0002"
    client.post("/v1/digits/generations/activate", json={"name": "0001"})
    assert search(client, image, 200) == before


def test_many_changes_are_folded_by_the_service_itself(make_client, digits_data):
    client = make_client(compact_after=5)
    upsert(client, *(item(f"i{n}", digits_data.x_test[n]) for n in range(5)))
    served = client.components.served["digits"]
    for _ in range(500):
        if served.active.generation == "0003":
            break
        client.get("/healthz")
        client.portal.call(_a_moment)
    assert served.active.generation == "0003"
    assert served.n_changed_items == 0


def test_the_same_items_again_and_again_are_compacted(make_client, digits_data):
    """What is replaced stays in memory, so that it counts as what is new does."""
    client = make_client(compact_after=20)
    served = client.components.served["digits"]
    image = digits_data.x_test[0]
    held = []
    for n in range(30):
        upsert(client, *(item(f"i{m}", image, n % 10) for m in range(4)))
        held.append(served.n_held_changes)
        for _ in range(500):
            if served.n_held_changes < 20:
                break
            client.portal.call(_a_moment)
    assert max(held) < 40
    assert served.active.generation > "0003"
    assert client.get("/v1/digits/items/i0").json()["label"] == 9


def test_changes_are_held_until_the_catalogue_is_made_anew():
    vectors = np.array([[0.0], [1.0]], np.float32)
    items = ItemCatalogue(np.zeros((2, 1, 1), np.uint8), np.arange(2), vectors)
    one = Item("0", label=1, vector=np.array([0.5], np.float32))
    for n in range(1, 4):
        items.apply([one])
        assert (items.n_changed, items.n_held) == (1, n)
    items.apply([Item("1", deleted=True), Item("0", deleted=True)])
    assert (items.n_changed, items.n_held) == (2, 3)


async def _a_moment():
    import asyncio

    await asyncio.sleep(0.02)


def test_a_folded_generation_is_read_by_the_library(make_client, library, digits_data):
    client = make_client()
    upsert(client, item("mine", digits_data.x_test[0], 7))
    client.post("/v1/digits/generations/compact")
    system = Digits.load(library.folder / "0003")
    rows = system.search(digits_data.x_test[:1], 1).ids
    assert rows[0].tolist() == [len(digits_data.x_train)]


def test_items_are_described_anew_before_another_embedding_answers(
    make_client, url, digits_data, library
):
    client = make_client(url)
    image = digits_data.x_test[0]
    upsert(client, item("mine", image))
    first = client.components.served["digits"].active.system
    vector = first.describe(image[None])[0].tolist()
    version = first.embedding_version
    left = {"id": "v", "label": 1, "vector": vector, "embedding_version": version}
    upsert(client, left)
    body = {"name": "0002"}
    answer = client.post("/v1/digits/generations/reembed", json=body).json()
    assert answer == {"generation": "0002", "described": 1, "lost": ["v"]}
    assert search(client, image, 1) == ["mine"]
    found = client.get("/v1/digits/items/mine").json()
    assert found["embedding_version"] != version
    expected = client.components.served["digits"].active.system.describe(image[None])[0]
    np.testing.assert_array_equal(np.float32(found["vector"]), expected)
    assert client.get("/v1/digits/items/v").status_code == 404
    client.post("/v1/digits/generations/rollback")
    assert search(client, image, 2) == ["mine", "v"]


def test_a_snapshot_brings_everything_back(make_client, url, digits_data):
    client = make_client(url)
    image = digits_data.x_test[0]
    upsert(client, item("mine", image))
    event = {"event_id": "e", "action_name": "click"}
    event["timestamp"] = "2026-01-01T00:00:00Z"
    client.post("/v1/events", json={"events": [event]})
    before = search(client, image, 20)
    assert client.post("/v1/snapshots", json={"name": "one"}).status_code == 200
    upsert(client, item("late", image))
    client.delete("/v1/digits/items/mine")
    client.post("/v1/digits/generations/activate", json={"name": "0002"})
    answer = client.post("/v1/snapshots/restore", json={"name": "one"}).json()
    assert answer["generations"] == {"digits": "0001"}
    assert search(client, image, 20) == before
    again = client.post("/v1/events", json={"events": [event]}).json()
    assert again["new"] == 0
    upsert(client, item("after", image))
    assert search(client, image, 2) == ["mine", "after"]
    client.post("/v1/snapshots/restore", json={"name": "one"})
    assert search(client, image, 20) == before
    assert client.get("/v1/snapshots").json() == {"snapshots": ["one"]}


def test_what_is_stored_after_a_restore_counts_in_every_generation(
    make_client, url, digits_data
):
    """Generations that were compacted after the snapshot know of later changes."""
    client = make_client(url)
    image = digits_data.x_test[0]

    def post(path, **body):
        answer = client.post(f"/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def labels(*ids):
        found = [client.get(f"/v1/digits/items/{id}").json() for id in ids]
        return [each.get("label") for each in found]

    row = int(digits_data.y_train[5])
    upsert(client, item("kept", image, 1), item("0", image, 2))
    post("snapshots", name="s")
    upsert(client, item("kept", image, 3), item("5", image, (row + 1) % 10))
    upsert(client, *(item(f"x{n}", image) for n in range(5)))
    client.delete("/v1/digits/items/0")
    client.delete("/v1/digits/items/7")
    compacted = post("digits/generations/compact")["generation"]
    late = upsert(client, item("x0", image, 4))["revision"]
    post("snapshots/restore", name="s")
    assert labels("kept", "0", "5", "x0") == [1, 2, row, None]
    upsert(client, item("after", image, 6))
    assert client.get("/v1/digits/items/after").json()["revision"] > late
    post("digits/generations/compact")
    for name in (compacted, "0001", compacted):
        post("digits/generations/activate", name=name)
        assert labels("kept", "0", "5", "x0", "x4") == [1, 2, row, None, None], name
        assert labels("after", "7") == [6, int(digits_data.y_train[7])], name
    upsert(client, item("last", image, 8))
    assert labels("last") == [8]


def test_no_counter_falls_by_a_restore(make_client, url, digits_data):
    client = make_client(url)
    upsert(client, item("one", digits_data.x_test[0]))
    client.post("/v1/snapshots", json={"name": "s"})
    upsert(client, item("two", digits_data.x_test[0]))
    names = ("items:digits", "folders:images", "folder_images:images", "any other")
    database = client.components.database
    with database.writing() as connection:
        for name in names[1:]:
            take(database, connection, name, 7)
        before = [counter(connection, name) for name in names]
    client.post("/v1/snapshots/restore", json={"name": "s"})
    with database.reading() as connection:
        after = [counter(connection, name) for name in names]
    assert after == before == [2, 7, 7, 7]


def test_a_new_database_goes_on_above_what_the_generations_hold(
    make_client, tmp_path, digits_data
):
    image = digits_data.x_test[0]
    client = make_client()
    upsert(client, *(item(f"old{n}", image) for n in range(3)))
    client.post("/v1/digits/generations/compact")
    client.post("/v1/digits/generations/activate", json={"name": "0001"})
    other = make_client(f"sqlite:///{tmp_path}/other.db")
    assert upsert(other, item("new", image, 7))["revision"] == 4
    other.post("/v1/digits/generations/activate", json={"name": "0003"})
    assert other.get("/v1/digits/items/new").json()["label"] == 7


@pytest.mark.parametrize(
    "file", ["items.jsonl", "snapshot.json", "digits/0001/labels.npy"]
)
def test_a_damaged_snapshot_is_refused_whole(make_client, tmp_path, digits_data, file):
    client = make_client()
    image = digits_data.x_test[0]
    upsert(client, item("mine", image))
    client.post("/v1/snapshots", json={"name": "one"})
    client.delete("/v1/digits/items/mine")
    path = tmp_path / "state" / "snapshots" / "one" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    answer = client.post("/v1/snapshots/restore", json={"name": "one"})
    assert answer.status_code == 422
    assert "damaged" in answer.json()["detail"]
    assert client.get("/v1/digits/items/mine").status_code == 404


def test_the_index_is_built_once_and_saved():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(5_000, 8)).astype(np.float32)
    made = ItemCatalogue(np.zeros((5_000, 1, 1), np.uint8), np.arange(5_000), vectors)
    arrays, document = made.state()
    for catalogue in (made, ItemCatalogue.from_state(arrays, document)):
        view = catalogue.snapshot.index
        assert [len(segment.ids) for segment in view.segments] == [5_000]
        assert view.segments[0].index.filter is not None


@pytest.mark.parametrize("selected", [250, 50, 5, 1])
def test_filtered_search_returns_as_many_as_there_are(two_generations, selected):
    catalogue = Digits.load(two_generations.folder / "0001").items_
    vectors, n = catalogue.base_vectors, len(catalogue)
    rows = np.linspace(0, n - 1, selected).astype(int)
    chosen = [
        Item(str(r), 1, {"chosen": True}, vector=vectors[r], revision=i + 1)
        for i, r in enumerate(rows.tolist())
    ]
    catalogue.apply(chosen)
    matching = catalogue.matching({"chosen": [True]})
    for k in (0, 1, 10, n):
        numbers, _ = catalogue.search(vectors[:3], k, matching)
        assert numbers.shape == (3, min(k, selected))


class Shop(RuleBasedStateMachine):
    """A service's catalogue beside a dictionary and brute force."""

    source = None
    sizes = st.integers(0, 19)

    @initialize()
    def begin(self):
        self.history = []
        self.restart()
        self.vectors = np.array(self.catalogue.base_vectors)
        self.revision = 0
        self.truth = {str(i): v for i, v in enumerate(self.vectors)}
        self.history = []

    @rule(id=sizes, row=sizes)
    def upsert(self, id, row):
        self.revision += 1
        vector = self.vectors[row]  # full of ties
        change = Item(f"n{id}", 1, {"row": row}, vector=vector, revision=self.revision)
        self._apply(change)
        self.truth.pop(change.id, None)
        self.truth[change.id] = vector

    @rule(id=sizes, base=st.booleans())
    def remove(self, id, base):
        self.revision += 1
        change = Item(
            str(id) if base else f"n{id}", deleted=True, revision=self.revision
        )
        self._apply(change)
        self.truth.pop(change.id, None)

    @rule()
    def restart(self):
        self.catalogue = Digits.load(self.source.folder / "0001").items_
        last = {change.id: change for change in self.history}
        self.catalogue.apply([c for c in self.history if last[c.id] is c] or [])

    @rule(row=st.integers(0, 499), k=st.integers(0, 12))
    def search(self, row, k):
        query = self.vectors[row]
        ids, vectors = list(self.truth), np.array(list(self.truth.values()))
        squared = ((vectors.astype(float) - query.astype(float)) ** 2).sum(1)
        order = np.argsort(squared, kind="stable")[:k]
        numbers, distances = self.catalogue.search(query[None], k)
        names = [self.catalogue.id(n) for n in numbers[0].tolist()]
        np.testing.assert_allclose(distances[0] ** 2, squared[order], atol=1e-9)
        assert names == [ids[i] for i in order]

    @invariant()
    def counts(self):
        if hasattr(self, "truth"):
            assert len(self.catalogue) == len(self.truth)

    def _apply(self, change):
        self.catalogue.apply([change])
        self.history.append(change)


def test_search_is_right_under_change(two_generations):
    machine = type("Machine", (Shop,), {"source": two_generations})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15 * LONG,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
