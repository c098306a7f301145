"""Tagged words of one's own: every scheme of tags, one file or three, and refusals."""

import json

import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.datasets.own_tagged import in_iob2, load_tagged, split
from lookalike.datasets.tagged import Tagged

CITIES = ["Oslo", "Lima", "Turin", "Cairo", "Perth", "Delhi", "Quito", "Miami"]
FRAMES = ["we live in *", "greetings from *", "* is cold", "he moved to *"]
SCHEMES = {
    "iob1": ("I-LOC", "I-LOC", "I-LOC"),
    "iob2": ("B-LOC", "I-LOC", "B-LOC"),
    "iobes": ("B-LOC", "E-LOC", "S-LOC"),
    "bilou": ("B-LOC", "L-LOC", "U-LOC"),
    "plain": ("GPE", "GPE", "GPE"),
}


def sentences(scheme, n=None):
    """Lines of sentences with one city, and with a name of two words."""
    begins, goes_on, alone = SCHEMES[scheme]
    lines = []
    for frame in FRAMES:
        for city in CITIES[:n]:
            for words, tags in (
                ((city,), (alone,)),
                (("New", city), (begins, goes_on)),
            ):
                for word in frame.split():
                    if word == "*":
                        lines += zip(words, tags, strict=True)
                    else:
                        lines.append((word, "O"))
                lines.append(("", ""))
    return lines


def text_of(lines, mark, between=()):
    rows = (mark.join((word, *between, tag)) if word else "" for word, tag in lines)
    return "-DOCSTART- -X- -X- O\n\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_of_tags_comes_to_the_same(scheme, tmp_path):
    (tmp_path / "own.conll").write_text(text_of(sentences(scheme), " ", ("NN",)))
    found = load_tagged(tmp_path / "own.conll")
    (tmp_path / "plain.txt").write_text(text_of(sentences("iob2"), "\t"))
    expected = load_tagged(tmp_path / "plain.txt")
    for part in ("train", "validation", "test"):
        assert getattr(found, part) == getattr(expected, part)
    whole = found.train.tags + found.validation.tags + found.test.tags
    assert len(whole) == 64
    assert set(sum(whole, ())) == {"O", "B-location", "I-location"}


def test_names_that_touch_are_two_where_the_scheme_says_so():
    assert in_iob2((("I-LOC", "B-LOC"),)) == (("B-location", "B-location"),)
    assert in_iob2((("S-LOC", "S-LOC"),)) == (("B-location", "B-location"),)
    assert in_iob2((("I-LOC", "I-PER"),)) == (("B-location", "B-person"),)
    assert in_iob2((("B-LOC", "O", "I-LOC"),)) == (("B-location", "O", "B-location"),)


def test_equal_sentences_stay_together_and_nothing_is_lost():
    words = tuple((str(i % 40), "x") for i in range(200))
    whole = Tagged(words, tuple(("O", "O") for _ in words))
    parts = split(whole)
    assert [len(part.words) for part in parts] == [120, 40, 40]
    seen = [set(part.words) for part in parts]
    assert len(seen[0] | seen[1] | seen[2]) == sum(map(len, seen))


def test_three_files_are_the_parts(tmp_path):
    for name, n in {"eng.train.txt": 8, "eng-dev.txt": 2, "test.conll": 3}.items():
        (tmp_path / name).write_text(text_of(sentences("iob2", n), " "))
    (tmp_path / "README").write_text("who")
    found = load_tagged(tmp_path)
    sizes = [len(p.words) for p in (found.train, found.validation, found.test)]
    assert sizes == [64, 16, 24]
    (tmp_path / "test.conll").unlink()
    with pytest.raises(ValueError, match=r"must hold a file for each part.* of test"):
        load_tagged(tmp_path)
    (tmp_path / "2.train.txt").write_text("x")
    with pytest.raises(ValueError, match="two files of the train"):
        load_tagged(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no sentences; expected a word and its tag a line"),
        ("In O\nRome\n", "line 2: expected a word and its tag, got 'Rome'"),
        ("In O\nRome B-LOC\n", "At least 20 different sentences are needed, got 1"),
    ],
)
def test_a_file_that_cannot_be_learned_from_is_refused(tmp_path, text, said):
    (tmp_path / "own.txt").write_text(text)
    with pytest.raises(ValueError, match=said):
        load_tagged(tmp_path / "own.txt")


def test_other_kinds_than_locations_are_named(tmp_path):
    lines = [(word, tag.replace("LOC", "PROD")) for word, tag in sentences("iob2")]
    (tmp_path / "own.txt").write_text(text_of(lines, " "))
    with pytest.raises(
        ValueError, match=r"\(such as LOC, GPE or location\), got prod\."
    ):
        load_tagged(tmp_path / "own.txt")


def test_the_command_learns_from_them_and_answers(tmp_path):
    (tmp_path / "own.conll").write_text(text_of(sentences("iob1"), " ", ("NN",)))
    where = ("--folder", str(tmp_path / "places"))

    def run(*words):
        done = CliRunner().invoke(app, [*map(str, words), *where])
        assert done.exit_code == 0, done.output
        return done.stdout

    more = ("--set", "gazetteer=0", "--set", "C=10")
    run("train", "places", "--data", tmp_path / "own.conll", *more)
    said = run("classify", "we live in Bergen", "--system", "places", "--json")
    assert json.loads(said)["answers"][0]["location"] == "Bergen"
    assert "span f1" in run("evaluate", "places")
