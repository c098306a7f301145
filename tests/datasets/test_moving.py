"""Tables in order of time: as published, and with faults."""

import numpy as np
import pytest

from lookalike.datasets import load_bank_marketing, load_elec2, load_employment, moving

BANK = (
    "age,job,marital,education,default,balance,housing,loan,contact,day,month,duration,"
    "campaign,pdays,previous,poutcome,deposit\n"
)
ROW = "58,clerk,single,tertiary,no,{},yes,no,unknown,{},{},261,1,-1,0,unknown,{}\n"


@pytest.fixture
def bank(tmp_path, monkeypatch):
    def load(*rows):
        file = tmp_path / "bank.csv"
        file.write_text(BANK + "".join(ROW.format(*row) for row in rows))
        monkeypatch.setattr(moving, "find", lambda name, path: file)
        return load_bank_marketing()

    return load


def test_years_go_on_where_months_begin_again(bank):
    found = bank((-5, 5, "nov", "no"), (7, 6, "jan", "yes"), (7, 1, "mar", "no"))
    dates = found.time.astype("M8[s]").astype("M8[D]").astype(str).tolist()
    assert dates == ["2008-11-05", "2009-01-06", "2009-03-01"]
    assert found.label.tolist() == [0, 1, 0]
    assert found.columns["balance"].tolist() == [-5, 7, 7]
    assert found.columns["job"].tolist() == ["clerk"] * 3


def test_the_length_of_the_call_is_left_out(bank):
    assert "duration" not in bank((1, 5, "nov", "no")).columns


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("x", 5, "nov", "no"), "a number as balance"),
        ((1, 5, "noon", "no"), "a month"),
        ((1, 5, "nov", "maybe"), "no or yes as deposit"),
    ],
)
def test_bad_rows_are_named(bank, row, sentence):
    with pytest.raises(ValueError, match=sentence):
        bank((1, 5, "nov", "no"), row)


@pytest.mark.full
def test_tables_are_as_published():
    bank, elec = load_bank_marketing(), load_elec2()
    assert (len(bank), bank.label.sum()) == (45_211, 5_289)
    assert (len(elec), elec.label.sum()) == (45_312, 19_237)
    assert (np.diff(bank.time) >= 0).all()
    reference, later = load_employment()
    assert (len(reference), len(later)) == (68_785, 208_892)
    assert np.unique(later.year).tolist() == [2016, 2017, 2018]
