"""Tables of labelled posts of one's own: what is read, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from lookalike.datasets.own_posts import ANY_LANGUAGE, load_own_posts
from lookalike.datasets.posts import SIGNALS


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


def posts_of(folder, header, *rows):
    (folder / "posts.csv").write_text("\n".join([header, *rows]))
    found = load_own_posts(folder)
    return found, found.train + found.validation + found.test


def test_pictures_lie_beside_the_table_and_a_broken_one_is_left_out_and_said(tmp_path):
    for n in range(40):
        Image.new("RGB", (300, 600), (n, 0, 0)).save(tmp_path / f"{n}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "0.png").read_bytes()[:40])
    rows = [f"{f'post {n}' if n % 2 else ''},{n}.png,{n % 2}" for n in range(40)]
    found, whole = posts_of(
        tmp_path, "text,picture,any", *rows, "so,broken.png,1", "so,none.png,1", ",,1"
    )
    assert len(whole) == 40
    assert {each.shape for each in whole.pictures} == {(256, 128, 3)}
    for text, picture in zip(whole.texts, whole.pictures, strict=True):
        assert text in ("", f"post {picture[0, 0, 0]}")
    assert whole.has_more.all()
    assert "row 42" in found.problems[0]
    assert "row 43" in found.problems[1]
    before = found.checksum
    Image.new("RGB", (300, 600), (99, 0, 0)).save(tmp_path / "0.png")
    assert load_own_posts(tmp_path).checksum != before


def test_a_violation_counts_once_it_was_known(tmp_path):
    rows = [
        "first,1,ann,10,40,",  # found harmful at 40
        "second,0,ann,20,21,",
        "third,1,ann,30,31,",
        "fourth,0,ann,41,50,",
        "fifth,0,eve,45,50,",
        "sixth,0,ann,46,50,9",  # the table says so itself
        "seventh,0,,47,50,",
    ]
    columns = "text,any,author,time,decided,author_violations"
    _, whole = posts_of(tmp_path, columns, *rows)
    at = [SIGNALS.index(name) for name in ("author_posts", "author_violations")]
    counts = dict(zip(whole.texts, whole.signals[:, at].tolist(), strict=True))
    assert counts["first"] == [0, 0]
    assert counts["third"] == [2, 0]
    assert counts["fourth"] == [3, 2]
    assert counts["fifth"] == [0, 0]
    assert counts["sixth"] == [4, 9]
    assert np.isnan(counts["seventh"]).all()


def test_counts_that_are_none_are_refused_with_their_row(tmp_path):
    for cell in ("-1", "many", "inf"):
        with pytest.raises(ValueError, match=r"row 2: reaction_likes must be a number"):
            posts_of(tmp_path, "text,any,reaction_likes", f"so,1,{cell}")
