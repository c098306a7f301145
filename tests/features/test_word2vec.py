from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from lookalike.features.text import Word2Vec, word2vec
from lookalike.kernels.alias import build_alias
from lookalike.kernels.word_vectors import predict_word, train_word_vectors

TOPICS = [[f"{topic}{k}" for k in range(6)] for topic in "abcd"]


def corpus(seed=0, n_sentences=600):
    """Sentences that keep to one topic."""
    rng = np.random.default_rng(seed)
    topics = rng.integers(len(TOPICS), size=n_sentences)
    return [list(rng.choice(TOPICS[topic], size=8)) for topic in topics]


def loss_of(inputs, outputs, members, targets):
    hidden = inputs[members].mean(axis=0)
    noise = [t for t in targets[1:] if t != targets[0]]
    scores = np.array([outputs[targets[0]] @ hidden, *(-(outputs[noise] @ hidden))])
    return np.log1p(np.exp(-scores)).sum()


@pytest.mark.parametrize("members", [[2], [0, 3], [1, 1, 4]])
@pytest.mark.parametrize("targets", [[0, 1, 2], [3, 3, 1], [4, 2, 2]])
def test_a_step_follows_the_gradient_of_the_loss(members, targets):
    rng = np.random.default_rng(0)
    inputs, outputs = rng.normal(size=(2, 5, 3)).astype(np.float32)
    stepped = inputs.copy(), outputs.copy()
    rate = 1e-3
    loss = predict_word(
        *stepped,
        np.array(members),
        len(members),
        np.array(targets),
        rate,
        np.empty(3, np.float32),
        np.empty(3, np.float32),
    )
    exact = inputs.astype(float), outputs.astype(float)
    assert loss == pytest.approx(loss_of(*exact, members, targets), rel=rate)
    for k in range(2):
        moved = (stepped[k].astype(float) - exact[k]) / rate
        for cell in np.ndindex(5, 3):
            ends = []
            for shift in (1e-5, -1e-5):
                shifted = [matrix.copy() for matrix in exact]
                shifted[k][cell] += shift
                ends.append(loss_of(*shifted, members, targets))
            slope = (ends[0] - ends[1]) / 2e-5
            # One word twice among the targets moves in two steps, the second after
            # the first: that costs the order of the rate.
            assert moved[cell] == pytest.approx(-slope, abs=5e-3)


def test_extreme_scores_give_finite_losses():
    inputs = np.array([[300.0]], dtype=np.float32)
    outputs = np.array([[300.0], [-300.0]], dtype=np.float32)
    for target, expected in ((0, 0.0), (1, 90000.0)):
        space = np.empty(1, np.float32), np.empty(1, np.float32)
        targets = np.array([target])
        loss = predict_word(inputs, outputs, np.array([0]), 1, targets, 0.0, *space)
        assert loss == pytest.approx(expected)


def test_windows_stay_inside_their_sentence():
    words, sentences = np.array([0, 1, 2, 3]), np.array([0, 0, 1, 1])
    one = np.ones(4), np.arange(4)
    for from_context, expected in ((False, 4), (True, 4)):
        vectors = np.zeros((2, 4, 2), dtype=np.float32)
        loss, n = train_word_vectors(
            words, sentences, *vectors, *one, 3, 1, from_context, 0.1, 0.1, 7
        )
        assert n == expected
        assert loss <= n * 2 * np.log(2) + 1e-6
    alone = train_word_vectors(words, words, *vectors, *one, 3, 1, False, 0.1, 0.1, 7)
    assert alone == (0.0, 0)


def transcribed(
    sentences, n_components, window, min_count, model, n_negatives, sample, rate, passes
):
    """The whole training in plain Python, with the same draws."""
    counts = Counter(word for sentence in sentences for word in sentence)
    words = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in words if counts[word] >= min_count]
    text = [
        (words.index(word), s)
        for s, sentence in enumerate(sentences)
        for word in sentence
        if word in words
    ]
    rng = np.random.RandomState(0)
    V = rng.uniform(-0.5, 0.5, (len(words), n_components)) / n_components
    U = np.zeros(V.shape)
    frequent = np.array([counts[word] for word in words])
    share = frequent / frequent.sum()
    keep = np.sqrt(sample / share) + sample / share if sample else np.ones(len(words))
    threshold, alias = build_alias(frequent**0.75)
    for turn in range(passes):
        chance = rng.uniform(size=len(text))
        kept = [w for w, c in zip(text, chance, strict=True) if c < keep[w[0]]]
        draws = congruence(int(rng.randint(2**31 - 1)))
        for i, (word, sentence) in enumerate(kept):
            gone = (turn + i / len(kept)) / passes
            step = rate * (1 - gone * (1 - 1e-4))
            radius = 1 + (next(draws) >> 16) % window
            near = kept[max(0, i - radius) : i] + kept[i + 1 : i + radius + 1]
            around = [w for w, owner in near if owner == sentence]
            pairs = [(around, word)] if model == "cbow" and around else []
            pairs = pairs or [([word], w) for w in around]
            for members, target in pairs:
                noise = []
                for _ in range(n_negatives):
                    place = (next(draws) >> 8) / 2**40 * len(words)
                    low = place - int(place) < threshold[int(place)]
                    noise.append(int(place) if low else alias[int(place)])
                h, change = V[members].mean(axis=0), np.zeros(n_components)
                for u in [target, *(w for w in noise if w != target)]:
                    error = (u == target) - 1 / (1 + np.exp(-U[u] @ h))
                    change += step * error * U[u]
                    U[u] += step * error * h
                for member in members:
                    V[member] += change / len(members)
    return words, V, U


def congruence(state):
    while True:
        state = (state * 25214903917 + 11) % 2**48
        yield state


@pytest.mark.parametrize("model", ["skip-gram", "cbow"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"window": 1},
        {"window": 3, "n_negatives": 2},
        {"n_negatives": 9},
        {"min_count": 4},
        {"sample": 0.05},
        {"learning_rate": 0.5},
        {"max_iter": 4},
    ],
    ids=str,
)
def test_takes_the_steps_of_a_plain_transcription(model, options):
    sentences = corpus(n_sentences=12)
    given = {
        **{"window": 5, "min_count": 1, "n_negatives": 5, "sample": 0.0},
        **{"learning_rate": 0.2, "max_iter": 2, "n_components": 3, "model": model},
        **options,
    }
    fitted = Word2Vec(**given, random_state=0).fit(sentences)
    given["rate"], given["passes"] = given.pop("learning_rate"), given.pop("max_iter")
    words, V, U = transcribed(sentences, **given)
    assert fitted.words_ == words
    np.testing.assert_allclose(fitted.vectors_, V, atol=1e-5)
    np.testing.assert_allclose(fitted.output_vectors_, U, atol=1e-5)


@pytest.mark.parametrize("model", ["skip-gram", "cbow"])
def test_words_of_a_topic_lie_together(model):
    fitted = Word2Vec(
        16, model=model, sample=0, learning_rate=0.1, max_iter=8, random_state=0
    ).fit(corpus())
    for topic in TOPICS:
        for word in topic:
            similar = {other for other, _ in fitted.most_similar(word, k=5)}
            assert similar == set(topic) - {word}
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def test_sentences_of_a_topic_have_similar_means():
    model = Word2Vec(16, sample=0, learning_rate=0.1, random_state=0)
    model.fit(corpus())
    X = model.transform([TOPICS[0][:3], TOPICS[0][3:], TOPICS[1], ["unseen"]])
    X[:3] /= np.linalg.norm(X[:3], axis=1, keepdims=True)
    assert X.dtype == np.float32
    assert X[0] @ X[1] > X[0] @ X[2] + 0.3
    assert X[3].tolist() == [0] * 16


def test_the_mean_of_known_words_is_the_vector_of_a_sentence():
    model = Word2Vec(4, min_count=1, random_state=0)
    X = model.fit_transform([["x", "y"], ["y", "z"]])
    rows = [model.words_.index("x"), model.words_.index("y")]
    np.testing.assert_allclose(X[0], model.vectors_[rows].mean(axis=0))


@pytest.mark.parametrize("model", ["skip-gram", "cbow"])
def test_the_same_seed_gives_the_same_vectors_and_another_others(model):
    sentences = corpus(n_sentences=30)
    runs = [
        Word2Vec(5, model=model, min_count=1, random_state=seed).fit(sentences).vectors_
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_frequent_words_are_thinned_out():
    sentences = [["the", "a"]] * 200
    model = Word2Vec(4, sample=0.01, random_state=0).fit(sentences)
    np.testing.assert_allclose(
        model._keep_probability(np.array([200, 200])), np.sqrt(0.02) + 0.02
    )


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
def test_noise_words_are_drawn_by_counts_to_a_power(power, monkeypatch):
    given = []

    def noted(weights):
        given.append(weights)
        return build_alias(weights)

    monkeypatch.setattr(word2vec, "build_alias", noted)
    sentences = [["a"] * 8 + ["b"] * 2 + ["c"]] * 3
    Word2Vec(4, noise_power=power, min_count=1, random_state=0).fit(sentences)
    np.testing.assert_allclose(given, [np.array([24.0, 6.0, 3.0]) ** power])


def test_rare_words_are_passed_over():
    model = Word2Vec(4, min_count=2, random_state=0).fit([["a", "b", "c"], ["b", "a"]])
    assert model.words_ == ["a", "b"]


def test_parameters_are_cloned():
    assert clone(Word2Vec(window=3, model="cbow")).get_params()["window"] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"n_components": 0},
            "n_components must be a whole number of at least 1, got 0",
        ),
        ({"window": 1.5}, "window must be a whole number of at least 1"),
        ({"n_negatives": 0}, "n_negatives must be a whole number of at least 1"),
        ({"max_iter": -1}, "max_iter must be a whole number of at least 1"),
        ({"model": "glove"}, "model must be 'skip-gram' or 'cbow', got 'glove'"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        ({"sample": -1}, "sample must be a number of at least 0, got -1"),
        ({"sample": None}, "sample must be a number of at least 0, got None"),
        ({"noise_power": np.nan}, "noise_power must be a finite number, got nan"),
        ({"min_count": 99}, "Fewer than two words occur min_count=99 times"),
    ],
)
def test_refuses_with_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        Word2Vec(**options).fit([["a", "b"]] * 9)


def test_refuses_sentences_that_were_not_cut_and_unknown_words():
    with pytest.raises(ValueError, match="list of tokens, got the string"):
        Word2Vec().fit(["a b c"])
    model = Word2Vec(4, min_count=1, random_state=0).fit([["a", "b", "c"]])
    with pytest.raises(ValueError, match="got a string"):
        model.transform(["a b"])
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        model.most_similar("z")
    with pytest.raises(ValueError, match=r"k must be in \[1, 2\], got 3"):
        model.most_similar("a", k=3)
    with pytest.raises(NotFittedError):
        Word2Vec().transform([["a"]])
