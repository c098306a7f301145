"""The contrastive embedding: its loss, what teaches it, going on after a stop."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from lookalike.cli.app import app  # noqa: E402
from lookalike.core.library import Library  # noqa: E402
from lookalike.datasets import Images, load_digits_sample  # noqa: E402
from lookalike.evaluate import ranking_metrics  # noqa: E402
from lookalike.learn import contrastive  # noqa: E402
from lookalike.learn._augmentation import Augmentation  # noqa: E402
from lookalike.learn._contrastive_training import Batches, TrainingSchedule  # noqa: E402
from lookalike.learn.contrastive import (  # noqa: E402
    ContrastiveEmbedding,
    contrastive_loss,
)
from lookalike.systems.images.encoders.network import ContrastiveEncoder  # noqa: E402
from lookalike.systems.images.system import ImageSearch  # noqa: E402


def small(**options):
    given = {"max_iter": 2, "batch_size": 64, "random_state": 0, "n_jobs": 1}
    given |= {"n_components": 16, "channels": (8, 16)}
    return ContrastiveEmbedding(**given | options)


@pytest.fixture(scope="module")
def digits():
    whole = load_digits_sample()
    flat = whole.x_train.reshape(len(whole.x_train), -1)
    return flat[::5], whole.y_train[::5], flat[2::20], whole.y_train[2::20]


@pytest.fixture(scope="module")
def fitted(digits):
    return small(max_iter=6).fit(*digits[:2])


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("hardness", [0.0, 2.0])
def test_the_loss_is_its_definition(hardness):
    rng = np.random.default_rng(0)
    z, groups = unit(rng.normal(size=(14, 5))), rng.integers(0, 4, 14)
    tau, losses = 0.3, []
    s = z @ z.T
    for i in range(14):
        others = s[i][groups != groups[i]]
        weight = np.exp(hardness * others)
        below = (weight / weight.mean() * np.exp(others / tau)).sum()
        for p in range(14):
            if p != i and groups[p] == groups[i]:
                mine = np.exp(s[i, p] / tau)
                losses.append(-np.log(mine / (mine + below)))
    found = contrastive_loss(
        torch.tensor(z), torch.tensor(groups), temperature=tau, hardness=hardness
    )
    assert float(found) == pytest.approx(np.mean(losses), rel=1e-6)


def bars():
    """Standing and lying bars of 8 by 8 pixels, at all places."""
    x = np.zeros((2, 16, 8, 8), np.uint8)
    for place in range(16):
        x[0, place, :, place % 7] = x[1, place, place % 7] = 255 - place
    return x.reshape(32, 64), np.repeat([0, 1], 16)


def tiny(**options):
    return small(channels=(4, 8), n_components=4, batch_size=16, **options)


@pytest.mark.parametrize(
    ("labels", "meant", "other"),
    [
        (False, {"temperature": 0.2}, {"temperature": 0.5}),
        (True, {"temperature": 1 / 16}, {"temperature": 0.5}),
        (False, {"augmentation": contrastive.STRONG}, {"augmentation": Augmentation()}),
        (True, {"augmentation": contrastive.WEAK}, {"augmentation": Augmentation()}),
        (False, {"hardness": 0.0}, {"hardness": 2.0}),
        (False, {"grid": 1}, {"grid": 2}),
    ],
    ids=str,
)
def test_what_is_not_said_is_what_its_documentation_says(labels, meant, other):
    x, y = bars()
    given = y if labels else None
    plain, said, another = (
        tiny(**options).fit(x, given).transform(x) for options in ({}, meant, other)
    )
    np.testing.assert_array_equal(said, plain)
    assert not np.allclose(another, plain)


@pytest.mark.parametrize(("batch_size", "max_iter"), [(8, 3), (16, 1), (99, 2)])
def test_passes_and_batches_are_as_many_as_told(batch_size, max_iter):
    x, _ = bars()
    shares = []
    model = tiny().set_params(batch_size=batch_size, max_iter=max_iter)
    model.set_params(callback=shares.append).fit(x)
    assert len(model.loss_curve_) == model.n_iter_ == max_iter
    n_batches = max_iter * max(1, 32 // batch_size)
    np.testing.assert_allclose(shares, np.arange(1, n_batches + 1) / n_batches)


@pytest.mark.parametrize(("n_components", "channels"), [(3, (4, 6, 5)), (7, (2, 3))])
def test_vectors_and_blocks_are_as_wide_as_told(n_components, channels):
    x, _ = bars()
    model = small(n_components=n_components, channels=channels, max_iter=1).fit(x)
    assert model.transform(x).shape == (32, n_components)
    first, *blocks, _, _, linear = model._network
    widths = {block: {len(p) for p in block.parameters()} for block in blocks}
    assert len(next(first.parameters())) == channels[0]
    assert [widths[b] for b in blocks[1:]] == [{width} for width in channels[1:]]
    assert linear.weight.shape == (n_components, channels[-1])


def test_the_rate_and_the_decay_reach_the_training():
    x, _ = bars()

    def weights(**options):
        arrays = tiny(**options).fit(x).arrays().values()
        return np.concatenate([a.ravel() for a in arrays if a.ndim == 4])

    still, too = (weights(learning_rate=rate) for rate in (1e-9, 2e-9))
    np.testing.assert_allclose(still, too, atol=1e-6)
    plain = weights()
    assert np.abs(plain - still).max() > 1e-3
    assert (weights(alpha=0.9) ** 2).sum() < (plain**2).sum()


def test_the_processor_may_be_named():
    x, _ = bars()
    named, found = (tiny(device=d).fit(x).transform(x) for d in ("cpu", "auto"))
    if not torch.cuda.is_available():
        np.testing.assert_array_equal(named, found)
    np.testing.assert_allclose(np.linalg.norm(named, axis=1), 1, rtol=1e-5)


def test_the_last_block_is_averaged_over_each_cell_of_the_grid():
    x, _ = bars()
    model = tiny(grid=2).fit(x)
    *blocks, _, _, linear = model._network
    with torch.no_grad():
        maps = torch.nn.Sequential(*blocks)(model._images(x)).numpy()
        weights, bias = (p.numpy() for p in linear.parameters())
    cells = maps.reshape(32, 8, 2, 2, 2, 2).mean(axis=(3, 5)).reshape(32, -1)
    expected = unit(cells @ weights.T + bias)
    np.testing.assert_allclose(model.transform(x), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["views", "labels", "pairs"])
def test_each_kind_of_partner_teaches(kind, digits):
    """All beat pixels by far, but views, which draw views of one image together."""
    x, y, q, truth = digits
    near = np.stack([np.flatnonzero(y == label)[:40] for label in y])
    pairs = np.column_stack([np.arange(len(y)).repeat(3), near[:, :3].ravel()])
    given = {"views": {}, "labels": {"y": y}}
    given |= {"pairs": {"pairs": pairs}}
    passes = {"views": 8, "labels": 16, "pairs": 3}[kind]
    model = small(max_iter=passes, batch_size=32).fit(x, **given[kind])
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]
    z, zq = model.transform(x), model.transform(q)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-5)
    if kind == "views":
        moved = np.roll(q.reshape(-1, 28, 28), 2, axis=2).reshape(len(q), -1)
        zm = model.transform(moved)
        raw = (unit(q.astype(float)) @ unit(moved.astype(float)).T).argmax(axis=1)
        own = (zq @ zm.T).argmax(axis=1)
        every = np.arange(len(q))
        assert (own == every).mean() > (raw == every).mean()
        return
    ours = ranking_metrics(zq, z, truth, y)["average_precision"].mean()
    pixels = [unit(a.astype(np.float32)).astype(np.float32) for a in (q, x)]
    plain = ranking_metrics(*pixels, truth, y)["average_precision"].mean()
    assert ours > plain + 0.1


def test_a_partner_is_drawn_from_the_neighbours_each_time_anew(digits):
    near = np.arange(40).reshape(10, 4) + 100
    batches, chosen = Batches.of_neighbors(near), np.array([7, 2, 9])
    drawn = [batches.draw(chosen, seed) for seed in range(60)]
    for rows, groups in drawn:
        assert rows[:3].tolist() == [7, 2, 9]
        assert groups.tolist() == [0, 1, 2, 0, 1, 2]
    partners = np.array([rows[3:] for rows, _ in drawn])
    for column, row in enumerate(chosen):
        assert set(partners[:, column]) == set(near[row])
    x = digits[0]
    alike = np.argsort(-(unit(x.astype(float)) @ unit(x.astype(float)).T), axis=1)
    losses = small(max_iter=4).fit(x, neighbors=alike[:, 1:6]).loss_curve_
    assert losses[-1] < 0.97 * losses[0]


def test_a_batch_is_embedded_exactly_like_its_images(digits, fitted):
    together = fitted.transform(digits[2][:33])
    alone = np.concatenate([fitted.transform(q[None]) for q in digits[2][:33]])
    np.testing.assert_array_equal(together, alone)


def test_the_same_seed_gives_the_same_embedding_and_another_another(digits):
    x, y, q, _ = digits
    models = [small(random_state=s, max_iter=1).fit(x, y) for s in (3, 3, 4)]
    first, same, other = (m.transform(q[:9]) for m in models)
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)


class Stop(Exception):
    pass


@pytest.mark.parametrize("with_labels", [True, False])
def test_interrupted_anywhere_it_goes_on_as_if_it_had_not_been(
    with_labels, digits, tmp_path
):
    x, q = digits[0], digits[2]
    y = digits[1] if with_labels else None
    options = {"max_iter": 4, "n_held_out": 100}
    straight = small(**options).fit(x, y)
    checkpoint = tmp_path / "deep" / "training.npz"
    for least in (0.3, 0.55, 0.6):

        def stop(share, least=least):
            if share > least:
                raise Stop

        with pytest.raises(Stop):
            small(**options, checkpoint=checkpoint, callback=stop).fit(x, y)
    resumed = small(**options, checkpoint=checkpoint).fit(x, y)
    np.testing.assert_array_equal(straight.transform(q), resumed.transform(q))
    assert straight.loss_curve_ == resumed.loss_curve_
    assert straight.recall_curve_ == resumed.recall_curve_
    assert len(resumed.recall_curve_) == 4


def test_a_checkpoint_of_another_training_is_refused(digits, tmp_path):
    x, y = digits[:2]
    checkpoint = tmp_path / "training.npz"
    small(max_iter=1, checkpoint=checkpoint).fit(x, y)
    for other in ({"learning_rate": 0.2}, {"random_state": 9}, {"max_iter": 2}):
        with pytest.raises(ValueError, match="of a training with other data or opti"):
            small(**{"max_iter": 1, **other}, checkpoint=checkpoint).fit(x, y)
    with pytest.raises(ValueError, match="of a training with other data or options"):
        small(max_iter=1, checkpoint=checkpoint).fit(x, (y + 1) % 10)
    checkpoint.write_bytes(b"broken")
    with pytest.raises(ValueError, match="is no checkpoint that can be read"):
        small(max_iter=1, checkpoint=checkpoint).fit(x, y)


def test_it_begins_where_another_ended(digits, fitted, tmp_path):
    x, y, q, _ = digits
    options = {"max_iter": 1, "learning_rate": 1e-9, "checkpoint": tmp_path / "a.npz"}
    on = small(**options, init=fitted.arrays()).fit(x, y)
    assert on.loss_curve_[0] < 0.8 * fitted.loss_curve_[0]
    alike = (on.transform(q) * fitted.transform(q)).sum(axis=1)
    assert alike.min() > 0.9  # only what normalises batches has moved
    other = {k: v * 1.5 if v.ndim == 2 else v for k, v in fitted.arrays().items()}
    with pytest.raises(ValueError, match="of a training with other data or options"):
        small(**options, init=other).fit(x, y)


def test_it_stops_when_recall_no_longer_rises_and_keeps_the_best(monkeypatch):
    recalls = iter([0.3, 0.5, 0.4, 0.5, 0.2, 0.9])
    monkeypatch.setattr(
        "lookalike.learn._contrastive_training.recall_at_1", lambda *a: next(recalls)
    )
    x, y = bars()
    options = {"max_iter": 6, "n_held_out": 8}
    stopped = tiny(**options, patience=3).fit(x, y)
    assert stopped.recall_curve_ == [0.3, 0.5, 0.4, 0.5, 0.2]
    recalls = iter([0.3, 0.5, 0.1, 0.1, 0.1, 0.1])
    second = tiny(**options).fit(x, y)
    np.testing.assert_array_equal(stopped.transform(x), second.transform(x))


def test_arrays_make_the_same_embedding_and_others_are_refused(digits, fitted):
    arrays = fitted.arrays()
    again = ContrastiveEmbedding.from_arrays(arrays)
    np.testing.assert_array_equal(
        again.transform(digits[2][:9]), fitted.transform(digits[2][:9])
    )
    with pytest.raises(ValueError, match="Expected the arrays of a ContrastiveEmb"):
        ContrastiveEmbedding.from_arrays({"matrix": np.eye(3)})
    name = next(k for k in arrays if "bias" in k)
    with pytest.raises(ValueError, match="do not fit one network"):
        ContrastiveEmbedding.from_arrays({**arrays, name: np.zeros(3, np.float32)})


def test_images_in_colour_are_learned_from_colour():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    x = rng.integers(0, 60, (120, 8, 8, 3), dtype=np.uint8)
    x[np.arange(120), ..., :] += (120 * np.eye(3, dtype=np.uint8)[y])[:, None, None]
    options = {"image_shape": (8, 8, 3), "batch_size": 16, "max_iter": 5}
    model = small(**options).fit(x.reshape(120, -1), y)
    z = model.transform(x.reshape(120, -1))
    assert (z[0] @ z[2]) > 0.9 > (z[0] @ z[1])
    again = ContrastiveEmbedding.from_arrays(model.arrays())
    np.testing.assert_array_equal(again.transform(x[:3].reshape(3, -1)), z[:3])


def test_views_keep_the_size_and_none_is_the_image_itself():
    images = torch.rand(50, 1, 12, 10)
    torch.manual_seed(0)
    seen = Augmentation().apply(images, 0.0)
    assert seen.shape == images.shape
    assert float((seen - images).abs().mean()) > 0.05
    still = Augmentation(
        crop=1.0, shift=0.0, rotation=0.0, mirror=False, brightness=0.0
    )
    np.testing.assert_allclose(still.apply(images, 0.0), images, atol=1e-5)
    dark = Augmentation(brightness=0.0, shift=1.0).apply(
        torch.full((50, 1, 12, 10), -3.0), -3.0
    )
    np.testing.assert_allclose(dark, -3.0, atol=1e-5)


def test_a_mirrored_view_is_the_image_from_right_to_left():
    image = torch.arange(12.0).reshape(1, 1, 3, 4).repeat(200, 1, 1, 1)
    plain = Augmentation(crop=1.0, shift=0.0, rotation=0.0, mirror=True, brightness=0.0)
    torch.manual_seed(0)
    seen = plain.apply(image, 0.0)
    flipped = torch.isclose(seen, image.flip(3), atol=1e-4).all(dim=(1, 2, 3))
    straight = torch.isclose(seen, image, atol=1e-4).all(dim=(1, 2, 3))
    assert (flipped | straight).all()
    assert 60 < int(flipped.sum()) < 140


def test_the_rate_rises_falls_and_never_exceeds_the_highest():
    schedule = TrainingSchedule(32, 1, 0.1, 0.0, 0, None, None, None, "cpu", 0)
    rates = np.array([schedule.rate(step, 100) for step in range(100)])
    assert rates.argmax() in (24, 25)
    assert rates.max() == pytest.approx(0.1)
    assert (np.diff(rates[:25]) > 0).all()
    assert (np.diff(rates[25:]) <= 0).all()
    assert 0 < rates[-1] < 1e-3


def test_batches_say_what_belongs_together():
    rows, groups = Batches.of_views(9).draw(np.array([4, 7]))
    assert (rows.tolist(), groups.tolist()) == ([4, 7, 4, 7], [4, 7, 4, 7])
    rows, groups = Batches.of_labels(np.array([5, 6, 5])).draw(np.array([2, 1]))
    assert (rows.tolist(), groups.tolist()) == ([2, 1], [5, 6])
    pairs = Batches.of_pairs(np.array([[0, 1], [2, 3], [4, 5]]))
    rows, groups = pairs.draw(np.array([2, 0]))
    assert (rows.tolist(), groups.tolist()) == ([4, 0, 5, 1], [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"n_components": 0},
            "n_components must be a whole number of at least 1",
        ),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1"),
        ({"channels": (8,)}, "channels must be two or more positive integers"),
        ({"temperature": 0}, "temperature must be a number above 0, got 0"),
        ({"learning_rate": -1}, "learning_rate must be a number above 0, got -1"),
        ({"hardness": -1}, "hardness must be a number of at least 0, got -1"),
        ({"hardness": 2.0}, "with y it must be 0, got 2.0"),
        (
            {"patience": 0, "n_held_out": 9},
            "patience must be a whole number of at least 1, got 0",
        ),
        ({"patience": 3}, "n_held_out must be at least 1, got 0"),
        (
            {"image_shape": (5, 5)},
            r"image_shape must be \(height, width\[, col.* \(5, 5\)",
        ),
    ],
)
def test_parameters_out_of_range_are_refused(options, sentence, digits):
    with pytest.raises(ValueError, match=sentence):
        small(**options).fit(*digits[:2])


def test_labels_and_pairs_are_checked(digits):
    x, y = digits[:2]
    for given, sentence in (
        ({"y": y[:-1]}, "y must hold 800 labels, got shape"),
        ({"y": y * 0}, "At least two classes are needed, got 1 class"),
        ({"y": y, "pairs": [[0, 1], [1, 2]]}, "Only one of y, pairs and"),
        ({"pairs": [[0, 1]]}, "two or more lines of rows"),
        ({"pairs": [[0, 1], [2, 800]]}, r"lines of rows in \[0, 800\)"),
        ({"neighbors": [[0, 1], [2, 3]]}, "neighbors must have 800 rows, got 2"),
        ({"pairs": [0, 1]}, "pairs must be whole numbers of shape"),
    ):
        with pytest.raises(ValueError, match=sentence):
            small().fit(x, **given)


def test_without_torch_the_sentence_names_the_extra(monkeypatch):
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lookalike\[deep\]'"):
        importlib.reload(contrastive)


def test_what_was_clicked_for_one_query_teaches_the_network(tmp_path, monkeypatch):
    """By the command, from a log in which people click what is of one class."""
    small = {**ContrastiveEncoder.settings, "channels": (8, 16, 32)}
    monkeypatch.setattr(ContrastiveEncoder, "settings", small)
    pytest.importorskip("sqlalchemy")
    digits = load_digits_sample()
    data = Images(
        *("some digits", "0" * 64, digits.x_train[::12], digits.y_train[::12]),
        *(digits.x_test[::8], digits.y_test[::8]),
    )
    before = ImageSearch("contrastive", passes=1, n_jobs=1).fit(data)
    library = Library("images", tmp_path / "images")
    library.add(before.save)
    rng = np.random.default_rng(0)
    url = f"sqlite:///{tmp_path}/log.db"
    n_clicks = write_log(url, before, data.y_train, rng)
    words = ["index", "learn", "--network", "--folder", str(library.folder)]
    words += ["--database", url]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert f"and {n_clicks:,} clicks and 1,500 pairs: generation 0002" in result.stdout
    after = ImageSearch.load(library.folder / "0002")
    versions = [each.manifest_.embedding_version for each in (before, after)]
    assert versions[0] != versions[1]
    assert (after.manifest_.metrics, after.manifest_.facts["n_pairs"]) == ({}, 1500)
    found = []
    for system in (before, after):
        network = system.encoder_.network
        parts = (data.x_test, data.x_train)
        vectors = [network.transform(x.reshape(len(x), -1)) for x in parts]
        ranked = ranking_metrics(*vectors, data.y_test, data.y_train)
        found.append(ranked["average_precision"].mean())
    assert found[1] > found[0] + 0.1


def test_pairs_that_cannot_teach_are_refused(tmp_path):
    pytest.importorskip("sqlalchemy")
    from lookalike.service.database.migrate import open_database
    from lookalike.service.image_folders import with_folders

    digits = load_digits_sample()
    some = digits.x_train[::40], digits.y_train[::40]
    data = Images("few", "0" * 64, *some, *some)
    pairs = np.array([[0, 1], [2, 3]])
    with pytest.raises(ValueError, match="learn from pairs, this one is pixels"):
        ImageSearch("pixels").fit(data).learn_pairs(pairs)
    system = ImageSearch("contrastive", passes=1, n_jobs=1).fit(data)
    with pytest.raises(ValueError, match="At least two pairs are needed, got 1"):
        system.learn_pairs(pairs[:1])
    library = Library("images", tmp_path / "images")
    library.add(system.save)
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(data.x_train[0]).save(folder / "a.png")
    words = ["index", "add", str(folder), "--folder", str(library.folder)]
    assert CliRunner().invoke(app, words).exit_code == 0
    store = open_database(f"sqlite:///{library.folder}/service/lookalike.db")
    searching = with_folders(ImageSearch.load(library.folder / "0001"), store)
    with pytest.raises(ValueError, match="A folder is indexed; only the images of"):
        searching.learn_pairs(pairs)
    store.close()


def write_log(url, system, labels, rng):
    """500 showings of six items, three of one class, which are clicked."""
    from lookalike.service.database import Database
    from lookalike.service.database.events import (
        exposure_row,
        store_events,
        store_exposures,
    )
    from lookalike.service.database.migrate import migrate

    ids, rows, events = np.array(system.catalogue_.ids), [], []
    for number in range(500):
        right = rng.choice(np.flatnonzero(labels == number % 10), 3, replace=False)
        wrong = rng.choice(np.flatnonzero(labels != number % 10), 3, replace=False)
        row = exposure_row(
            query_id=f"q{number}",
            system="images",
            verb="search",
            generation="0001",
            embedding_version=system.manifest_.embedding_version,
            revision=0,
            user={"session_id": None, "client_id": None, "user_id": None},
            features=system.catalogue_.metadata.vectors[right[0]],
            ids=ids[rng.permutation([*right, *wrong])].tolist(),
            scores=[0.5] * 6,
            propensities=[1 / 6] * 6,
        )
        rows.append(row)
        for item in ids[right]:
            event = dict.fromkeys(("application", "session_id", "client_id", "user_id"))
            event |= dict.fromkeys(("value", "position", "message_type", "message"))
            event |= {"event_id": f"{number}-{item}", "action_name": "click"}
            event |= {"query_id": f"q{number}", "object_id": str(item)}
            events.append({**event, "event_attributes": "{}", "timestamp": number})
    database = Database(url)
    migrate(database)
    with database.writing() as connection:
        store_exposures(database, connection, rows)
        store_events(database, connection, events)
    database.close()
    return len(events)
