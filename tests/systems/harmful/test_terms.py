"""Blocks of terms side by side, and their weights in a language."""

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from lookalike.systems.harmful.terms import BLOCKS, TermEncoder, beside

TEXTS = ["one cup of tea", "two cups of tea", "a cup, one more cup", "ein tee"]


def test_blocks_beside_each_other_are_what_scipy_makes():
    rng = np.random.default_rng(0)
    one, other = (
        sp.random(40, width, 0.2, "csr", np.float32, rng) for width in (7, 30)
    )
    expected = sp.hstack([one, other], format="csr")
    found = beside(one, other)
    np.testing.assert_array_equal(found.toarray(), expected.toarray())
    assert found.has_sorted_indices


def test_weighed_rows_are_those_of_scikit_learn_learned_on_the_same_rows():
    encoder = TermEncoder(min_df=2)
    X = encoder.fit_transform([*TEXTS, "noch ein tee", "noch eine tasse"])[:4]
    found = encoder.weighed(X, encoder.idf(X)).toarray()
    places = {}
    for name, options in BLOCKS.items():
        theirs = TfidfVectorizer(min_df=2, sublinear_tf=True, norm=None, **options)
        places[name] = normalize(theirs.fit_transform(TEXTS).toarray())
    n = encoder.n_words
    for ours, theirs in zip((found[:, :n], found[:, n:]), places.values(), strict=True):
        kept = ours[:, (ours != 0).any(axis=0)]
        np.testing.assert_allclose(kept, theirs, rtol=1e-5)


def test_a_row_is_weighed_alone_as_among_others():
    encoder = TermEncoder(min_df=1)
    X = encoder.fit_transform(TEXTS)
    idf = encoder.idf(X)
    alone = [encoder.weighed(X[[row]], idf).toarray() for row in range(len(TEXTS))]
    np.testing.assert_array_equal(encoder.weighed(X, idf).toarray(), np.vstack(alone))
