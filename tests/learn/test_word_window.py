"""Tagging words by their windows: four short sentences, context, unknown words."""

from collections import Counter
from functools import partial
from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from lookalike.learn import WordWindowClassifier

TEXTS = [
    "We always come to Paris",
    "The professor is from Australia",
    "I live in Stanford",
    "He comes from Taiwan",
]
SENTENCES = [text.split() for text in TEXTS]
TAGS = [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]


@pytest.mark.parametrize("seed", range(5))
def test_four_sentences_are_enough_to_find_paris(seed):
    model = WordWindowClassifier(random_state=seed).fit(SENTENCES, TAGS)
    (tags,) = model.predict([["She", "comes", "from", "Paris"]])
    assert_array_equal(tags, [0, 0, 0, 1])
    assert model.score(SENTENCES, TAGS) == 1.0


def language(n, rng, names):
    """Sentences in which a name is a place after "in" and a person elsewhere."""
    X, y = [], []
    for _ in range(n):
        words, tags = [], []
        for _ in range(rng.integers(1, 5)):
            name = names[rng.integers(len(names))]
            is_place = rng.random() < 0.5
            words += ["in", name] if is_place else ["with", name]
            tags += ["other", "place" if is_place else "person"]
        X.append(words)
        y.append(tags)
    return X, y


def test_neighbours_decide_where_the_word_itself_cannot():
    rng = np.random.default_rng(0)
    X, y = language(60, rng, list("abcdef"))
    blind = WordWindowClassifier(0, max_iter=15, random_state=0).fit(X, y)
    assert blind.score(X, y) < 0.85
    seeing = WordWindowClassifier(1, max_iter=15, random_state=0).fit(X, y)
    assert seeing.score(X, y) == 1.0
    assert_array_equal(seeing.classes_, ["other", "person", "place"])


def test_unknown_words_are_judged_by_their_neighbours():
    rng = np.random.default_rng(0)
    X, y = language(60, rng, [f"name{k}" for k in range(40)])
    model = WordWindowClassifier(1, max_iter=15, random_state=0).fit(X, y)
    strange, truth = language(30, rng, ["Zanzibar", "Zoe"])
    assert model.score(strange, truth) == 1.0
    never = clone(model).set_params(unknown_weight=0.0).fit(X, y)
    start = np.random.RandomState(0).standard_normal((2, 25)).astype(np.float32)
    assert_array_equal(never.network_.parameters[0][1], start[1])  # nothing was learned
    assert abs(model.network_.parameters[0][1] - start[1]).max() > 0.1


def test_rare_words_become_unknown_below_min_count():
    X = [["a", "b", "a"], ["a", "c"]]
    y = [[0, 1, 0], [0, 1]]
    model = WordWindowClassifier(min_count=2, max_iter=1, random_state=0).fit(X, y)
    assert model.vocabulary_.tokens_ == ["<pad>", "<unk>", "a"]
    first, second = model.predict_proba([["b", "a"], ["c", "a"]])
    assert_array_equal(first, second)


def test_the_vector_of_padding_stays_zero_and_the_ends_of_a_sentence_are_padded():
    model = WordWindowClassifier(1, max_iter=5, random_state=0).fit(SENTENCES, TAGS)
    vectors, W, b, V, c = model.network_.parameters
    assert_array_equal(vectors[0], 0)
    number = model.vocabulary_.numbers_["Paris"]
    size = vectors.shape[1]
    middle = vectors[number] @ W[size : 2 * size] + b
    scores = np.tanh(middle) @ V + c
    expected = np.exp(scores) / np.exp(scores).sum()
    (proba,) = model.predict_proba([["Paris"]])
    assert_allclose(proba[0], expected, rtol=1e-5)


def test_several_features_a_word_carry_what_the_word_does_not():
    names, others = ["Ada", "Bob", "Cem", "Dee"], ["runs", "eats", "sees", "hits"]
    X = [[name, verb] for name in names for verb in others]
    y = [["name", "verb"]] * len(X)
    options = {"window": 0, "max_iter": 60, "random_state": 0}
    plain = WordWindowClassifier(**options).fit(X, y)
    rich = WordWindowClassifier(
        **options, describe=lambda word: (word.lower(), word.istitle())
    ).fit(X, y)
    assert "1:True" in rich.vocabulary_.tokens_
    strange = [["Eva"], ["Finn"], ["jumps"], ["flies"]]
    assert [tags[0] for tags in rich.predict(strange)] == ["name"] * 2 + ["verb"] * 2
    assert len({tags[0] for tags in plain.predict(strange)}) == 1


def test_weights_of_tags_raise_the_rare_one():
    rng = np.random.default_rng(0)
    X = [[("ab"[rng.random() < 0.5])] for _ in range(300)]
    y = [["rare" if word == "b" and rng.random() < 0.3 else "often"] for (word,) in X]
    plain = WordWindowClassifier(0, max_iter=10, random_state=0)
    shares = {}
    for class_weight in (None, "balanced", {"rare": 9.0, "often": 1.0}):
        plain.set_params(class_weight=class_weight).fit(X, y)
        shares[str(class_weight)] = plain.predict_proba([["b"]])[0][0, 1]
    assert_array_equal(plain.classes_, ["often", "rare"])
    assert shares["None"] == pytest.approx(0.3, abs=0.08)
    assert shares["balanced"] > 0.6
    assert shares["{'rare': 9.0, 'often': 1.0}"] > 0.7


def test_the_loss_of_the_first_step_agrees_with_the_formula():
    model = WordWindowClassifier(
        1, 3, 4, unknown_weight=0.0, max_iter=1, random_state=7
    )
    model.fit(SENTENCES, TAGS)
    rng = np.random.RandomState(7)
    counts = Counter(chain.from_iterable(SENTENCES))
    words = sorted(counts, key=lambda word: (-counts[word], word))
    vectors = rng.standard_normal((2 + len(words), 3)).astype(np.float32)
    bounds = np.sqrt(6 / np.array([9 + 4, 4 + 2]))
    vectors[0] = 0
    W = rng.uniform(-bounds[0], bounds[0], (9, 4))
    V = rng.uniform(-bounds[1], bounds[1], (4, 2))
    losses = []
    for sentence, tags in zip(SENTENCES, TAGS, strict=True):
        row = [vectors[0]] + [vectors[2 + words.index(word)] for word in sentence]
        row.append(vectors[0])
        for k, tag in enumerate(tags):
            scores = np.tanh(np.concatenate(row[k : k + 3]) @ W) @ V
            losses.append(np.log(np.exp(scores).sum()) - scores[tag])
    assert_allclose(model.loss_curve_[0], np.mean(losses), rtol=1e-5)


def slopes(loss, parameters, step=1e-5):
    """Gradients of a loss by central differences."""
    found = [np.empty_like(each) for each in parameters]
    for each, slope in zip(parameters, found, strict=True):
        for i in np.ndindex(each.shape):
            value, ends = each[i], []
            for moved in (value + step, value - step):
                each[i] = moved
                ends.append(loss())
            each[i], slope[i] = value, (ends[0] - ends[1]) / (2 * step)
    return found


def window_loss(parameters, rows, tags):
    """Mean loss of the network in plain NumPy."""
    vectors, W, b, V, c = parameters
    scores = np.tanh(vectors[rows].reshape(len(rows), -1) @ W + b) @ V + c
    own = scores[np.arange(len(rows)), tags]
    return (np.log(np.exp(scores).sum(axis=1)) - own).mean()


@pytest.mark.parametrize(
    ("learning_rate_init", "batch_size", "max_iter"),
    [(0.01, 64, 1), (0.05, 64, 2), (0.01, 7, 1), (0.02, 9, 2)],
)
def test_descends_as_adam_by_hand_does(learning_rate_init, batch_size, max_iter):
    given = {"batch_size": batch_size, "max_iter": max_iter, "random_state": 7}
    given |= {"learning_rate_init": learning_rate_init, "unknown_weight": 0.0}
    model = WordWindowClassifier(1, 2, 3, **given).fit(SENTENCES, TAGS)
    number, rows = model.vocabulary_.numbers_, []
    for sentence in SENTENCES:
        padded = [0, *(number[word] for word in sentence), 0]
        rows += [padded[k : k + 3] for k in range(len(sentence))]
    rows, tags = np.array(rows), np.concatenate(TAGS)
    rng = np.random.RandomState(7)
    vectors = rng.standard_normal((len(model.vocabulary_.tokens_), 2))
    vectors[0] = 0
    W, V = (rng.uniform(-1, 1, s) * np.sqrt(6 / sum(s)) for s in [(6, 3), (3, 2)])
    parameters = [vectors, W, np.zeros(3), V, np.zeros(2)]
    loss = partial(window_loss, parameters)
    means, squares = [0.0] * 5, [0.0] * 5
    n_steps, step, curve = max_iter * -(-len(tags) // batch_size), 0, []
    for _ in range(max_iter):
        order, losses = rng.permutation(len(tags)), []
        for start in range(0, len(tags), batch_size):
            at = order[start : start + batch_size]
            rng.random_sample((len(at), 3))  # the word dropout, of which there is none
            losses += [loss(rows[at], tags[at])] * len(at)
            found = slopes(lambda at=at: loss(rows[at], tags[at]), parameters)
            found[0][0] = 0  # padding stays where it is
            rate, step = learning_rate_init * (1 - step / n_steps), step + 1
            rate *= np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for k, slope in enumerate(found):
                means[k] = 0.9 * means[k] + 0.1 * slope
                squares[k] = 0.999 * squares[k] + 0.001 * slope**2
                parameters[k] -= rate * means[k] / (np.sqrt(squares[k]) + 1e-8)
        curve.append(np.mean(losses))
    assert_allclose(model.loss_curve_, curve, rtol=1e-4)
    assert model.n_iter_ == max_iter
    for learned, expected in zip(model.network_.parameters, parameters, strict=True):
        assert_allclose(learned, expected, atol=1e-3)


def test_the_same_seed_gives_the_same_tags_whatever_holds_the_words():
    arrays = [np.array(sentence) for sentence in SENTENCES]
    tuples = [tuple(sentence) for sentence in SENTENCES]
    first, *others = [
        WordWindowClassifier(max_iter=3, random_state=0).fit(X, TAGS).predict_proba(X)
        for X in (SENTENCES, arrays, tuples)
    ]
    for other in others:
        for one, two in zip(first, other, strict=True):
            assert_array_equal(one, two)


def test_empty_sentences_have_no_tags():
    model = WordWindowClassifier(max_iter=1, random_state=0)
    model.fit([[], *SENTENCES, []], [[], *TAGS, []])
    assert [len(tags) for tags in model.predict([[], ["a"], []])] == [0, 1, 0]
    assert model.predict([]) == []
    assert [len(tags) for tags in model.predict([[], []])] == [0, 0]
    rich = model.set_params(describe=lambda word: (word, len(word)))
    rich.fit(SENTENCES, TAGS)
    assert [len(tags) for tags in rich.predict([[]])] == [0]


def test_a_batch_answers_like_its_sentences_one_by_one():
    model = WordWindowClassifier(max_iter=3, random_state=0).fit(SENTENCES, TAGS)
    for sentence, together in zip(
        SENTENCES, model.predict_proba(SENTENCES), strict=True
    ):
        assert_allclose(model.predict_proba([sentence])[0], together, rtol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window": -1}, "window must be a whole number of at least 0, got -1"),
        ({"embedding_size": 0}, "embedding_size must be a whole number of at least 1"),
        ({"hidden_size": 2.5}, "hidden_size must be a whole number .* got 2.5"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"unknown_weight": -1}, "unknown_weight must be a number of at least 0"),
        ({"learning_rate_init": 0}, "learning_rate must be positive, got 0"),
        ({"min_count": 0}, "min_count must be a whole number of at least 1, got 0"),
        (
            {"describe": lambda word: tuple(word)},
            "describe must give as many features for each word",
        ),
    ],
)
def test_refuses_parameters_that_mean_nothing(parameters, message):
    with pytest.raises(ValueError, match=message):
        WordWindowClassifier(**parameters).fit(SENTENCES, TAGS)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ("We come", [[0]], "sentences cut into words, got a string"),
        (["We come"], [[0]], "sentences cut into words, got a string"),
        ([["We"]], [[0], [1]], "X has 1 sentences, y has 2"),
        ([["a"], ["We", "come"]], [[0], [1]], "sentence 1 has 2 words and 1 tags"),
        ([[], []], [[], []], "at least one word"),
    ],
)
def test_refuses_sentences_it_cannot_learn(X, y, message):
    with pytest.raises(ValueError, match=message):
        WordWindowClassifier().fit(X, y)
