"""A graph network: what it computes, finds and refuses."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike.rank.graph_network import GraphNetwork, _normalised  # noqa: E402


def clubs(n=80, size=20, seed=0):
    rng = np.random.default_rng(seed)
    club = np.arange(n) // size
    links = np.triu((club[:, None] == club) & (rng.random((n, n)) < 0.4), 1)
    return links + links.T, club


def test_links_are_normalised_by_both_ends():
    links, _ = clubs(12, 6)
    pairs = np.argwhere(np.triu(links, 1))
    degrees = np.maximum(links.sum(axis=1), 1)
    expected = links / np.sqrt(np.outer(degrees, degrees))
    found = _normalised(pairs, 12).to_dense().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_embedding_is_the_mean_of_what_is_heard():
    """Without learning: the mean over layers of powers of the normalised links."""
    links, _ = clubs(20, 10)
    model = GraphNetwork(4, n_layers=2, max_iter=1, learning_rate=1e-12, n_jobs=1)
    found = model.fit(links).embedding_
    torch.manual_seed(0)
    own = 0.1 * torch.randn(20, 4).numpy()
    degrees = np.maximum(links.sum(axis=1), 1)
    N = links / np.sqrt(np.outer(degrees, degrees))
    np.testing.assert_allclose(found, (own + N @ own + N @ N @ own) / 3, atol=1e-5)


@pytest.mark.parametrize(
    "options", [{}, {"held_out": 0.6}, {"alpha": 0.1}, {"n_layers": 3}], ids=str
)
def test_the_first_pass_has_the_loss_of_its_definition(options):
    links, _ = clubs(20, 10)
    model = GraphNetwork(4, max_iter=1, n_jobs=1, **options).fit(links)
    torch.manual_seed(0)
    own, rng = 0.1 * torch.randn(20, 4).numpy(), np.random.default_rng(0)
    pairs = np.argwhere(np.triu(links, 1))
    out = rng.random(len(pairs)) < model.held_out
    out[rng.integers(len(pairs), size=2)] = True, False
    A = np.zeros((20, 20))
    A[tuple(pairs[~out].T)] = 1
    A += A.T
    degrees = np.maximum(A.sum(axis=1), 1)
    N = A / np.sqrt(np.outer(degrees, degrees))
    powers = [np.linalg.matrix_power(N, p) @ own for p in range(model.n_layers + 1)]
    E = np.mean(powers, axis=0)
    i, j = np.concatenate([pairs[out], pairs[out][:, ::-1]]).T
    k = rng.integers(20, size=len(i))
    lead = (E[i] * (E[j] - E[k])).sum(axis=1)
    loss = np.log1p(np.exp(-lead)).mean() + model.alpha * (own**2).sum()
    assert model.loss_curve_ == [pytest.approx(loss, rel=1e-5)]


def test_the_first_step_is_as_long_as_the_learning_rate():
    """Adam's first step has that length in every number; propagation is linear."""
    links, _ = clubs(20, 10)
    start, one, two = (
        GraphNetwork(4, max_iter=1, learning_rate=rate, n_jobs=1).fit(links).embedding_
        for rate in (1e-12, 0.01, 0.02)
    )
    np.testing.assert_allclose(two - start, 2 * (one - start), atol=1e-6)
    assert np.abs(one - start).max() == pytest.approx(0.01, rel=0.5)


def test_hidden_links_score_above_pairs_of_strangers():
    links, club = clubs()
    rng = np.random.default_rng(1)
    pairs = np.argwhere(np.triu(links, 1))
    hidden = rng.random(len(pairs)) < 0.2
    known = np.zeros(links.shape, bool)
    known[tuple(pairs[~hidden].T)] = True
    model = GraphNetwork(8, max_iter=40, n_jobs=1).fit(known | known.T)
    inner = model.embedding_ @ model.embedding_.T
    there = inner[tuple(pairs[hidden].T)]
    strangers = inner[club[:, None] != club]
    assert np.mean(there[:, None] > strangers) > 0.9
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_the_same_seed_gives_the_same_embedding():
    links, _ = clubs(30, 10)
    state = torch.random.get_rng_state()
    first, again, other = (
        GraphNetwork(4, max_iter=3, random_state=seed, n_jobs=1).fit(links).embedding_
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("model", "links", "message"),
    [
        (GraphNetwork(0), clubs()[0], "n_components must be a whole number"),
        (GraphNetwork(held_out="1"), clubs()[0], "held_out must be a number above 0"),
        (GraphNetwork(held_out=1), clubs()[0], r"held_out must lie in \(0, 1\), got 1"),
        (GraphNetwork(), np.triu(clubs()[0]), "links must be a square, symmetric"),
        (GraphNetwork(), np.zeros((3, 3)), "two links or more, got 0"),
    ],
)
def test_refuses_what_it_cannot_learn_from(model, links, message):
    with pytest.raises(ValueError, match=message):
        model.fit(links)
