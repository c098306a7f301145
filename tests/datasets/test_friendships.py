"""Friendships: what is read from files, and what is refused."""

import gzip

import numpy as np
import pytest

from lookalike.datasets.friendships import load_friendships, read_pairs


def test_pairs_are_read_once_whatever_their_order_and_script():
    lines = ["# who\n", "a b\n", "\n", "b a\n", "ü\t日 本\n", "🙂, c d\n"]
    people, pairs = read_pairs(lines)
    assert people.tolist() == ["a", "b", "ü", "日 本", "🙂", "c d"]
    assert pairs.tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b\nc\n", "line 2: expected two names, got 'c'"),
        ("a b\na b c\n", "line 2: expected two names, got 'a b c'"),
        ("a,\n", "line 1: expected two names, got 'a,'"),
        ("a,b,\n", "line 1: expected two names, got 'a,b,'"),
        ("", "expected ten friendships or more, got 0"),
    ],
)
def test_a_file_that_holds_no_friendships_is_refused(tmp_path, text, message):
    file = tmp_path / "friends.txt"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_friendships(file)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    for name in ("friends.gz", "friends.txt"):
        file = tmp_path / name
        file.write_bytes(b"\xff\xfe\x00\x81" * 9)
        with pytest.raises(ValueError, match="is no text with two names a line"):
            load_friendships(file)


def test_a_gzipped_file_is_read_like_a_plain_one(tmp_path):
    lines = "".join(f"{i} {i + 1}\n" for i in range(20))
    (tmp_path / "a.txt").write_text(lines)
    with gzip.open(tmp_path / "a.txt.gz", "wt") as file:
        file.write(lines)
    plain, zipped = (load_friendships(tmp_path / n) for n in ("a.txt", "a.txt.gz"))
    np.testing.assert_array_equal(plain.held_out, zipped.held_out)
    assert plain.checksum == zipped.checksum
    assert len(plain.held_out) == 4
    assert len(plain.known) == 16


def test_a_first_line_may_name_the_columns():
    lines = ["ann,bob\n", "bob,source\n"]
    people, pairs = read_pairs(["\n", "Source,Target\n", *lines])
    assert people.tolist() == ["ann", "bob", "source"]
    assert len(pairs) == 2
    people, _ = read_pairs(["source,ann\n", "source,target\n"])
    assert people.tolist() == ["source", "ann", "target"]


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
@pytest.mark.parametrize(
    "header", ["", "a_id{0}b_id{0}weight\n", "source{0}target{0}time\n"]
)
def test_headers_weights_and_loops_are_passed_over_and_told(tmp_path, mark, header):
    lines = [f"{i}{mark}{i + 1}{mark}{i / 2}" for i in range(12)]
    lines += [f"3{mark}3{mark}1"]
    file = tmp_path / "edges.txt"
    file.write_text(header.format(mark) + "\n".join(lines))
    found = load_friendships(file)
    assert found.people.tolist() == [str(i) for i in range(13)]
    assert len(found.known) + len(found.held_out) == 12
    loops, third = found.problems
    assert loops.startswith("1 of 13 pairs are of somebody with themselves")
    assert third.startswith("The third column was passed over")


def test_a_first_line_of_words_is_a_friendship_where_others_are_words_too():
    people, _ = read_pairs(["ann,bob\n", "bob,eve\n"])
    assert people.tolist() == ["ann", "bob", "eve"]
