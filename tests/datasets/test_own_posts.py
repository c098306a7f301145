"""Tables of labelled posts of one's own: what is read, and what is refused."""

import numpy as np
import pytest

from lookalike.datasets.own_posts import ANY_LANGUAGE, load_own_posts


def test_any_is_whether_a_kind_is_and_empty_cells_are_not_known(tmp_path):
    file = tmp_path / "own.csv"
    rows = [f"post {n},{n % 2},,{'de' if n % 3 else ''}" for n in range(60)]
    file.write_text("\n".join(["text,insult,age,language", *rows]))
    posts = load_own_posts(file)
    assert posts.kinds == ("any", "insult", "age")
    whole = posts.train + posts.validation + posts.test
    labels = whole.labels[np.argsort([int(text.split()[1]) for text in whole.texts])]
    np.testing.assert_array_equal(labels[:4, :2], [[0, 0], [1, 1], [0, 0], [1, 1]])
    assert np.isnan(labels[:, 2]).all()
    assert set(whole.languages) == {"de", ANY_LANGUAGE}


def test_tables_of_another_form_are_refused_in_a_sentence(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("text,insult\nhello,2\n")
    with pytest.raises(ValueError, match="row 2: insult must be 1, 0 or empty"):
        load_own_posts(file)
    file.write_text("words,insult\nhello,1\n")
    with pytest.raises(ValueError, match="needs a column text"):
        load_own_posts(file)
    file.write_text("text,insult\n,1\n")
    with pytest.raises(ValueError, match="holds no texts"):
        load_own_posts(file)
