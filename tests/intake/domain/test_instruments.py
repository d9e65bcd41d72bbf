"""The shipped wording: complete, licensed, coded, and in step with the scoring."""

from pathlib import Path

import pytest

from intake.domain.instruments import load_instruments, parse_instrument
from intake.domain.library import catalogue, instrument
from intake.domain.reading import DataError, is_loinc
from intake.domain.scoring import INSTRUMENTS, score

LICENSED = {"MDQ", "RMS", "DAST-10", "AUDIT", "QIDS-SR16", "CUDOS", "CADSS-6", "MADRS", "C-SSRS-screener"}

MINIMAL = """
name = "X"
version = "1"
language = "en"
title = "X"
scored_as = "PHQ-2"
stem = ""
licence = "none"
source = "none"
options = [{ value = 0, text = "No" }, { value = 1, text = "Yes" }]
[[item]]
number = 1
text = "One?"
[[band]]
low = 0
high = 1
severity = "low"
text = "Low"
"""


def test_only_text_that_may_be_shipped_is_shipped() -> None:
    assert not LICENSED & {name for name, _ in catalogue()}
    assert {name for name, language in catalogue() if language == "en"} == {
        *("PHQ-9", "PHQ-2", "GAD-7", "PC-PTSD-5", "PCL-5", "AUDIT-C", "SISQ-Drug", "TAPS-1", "ASQ")
    }
    assert {name for name, language in catalogue() if language == "es"} == {"PHQ-9", "PHQ-2", "ASQ"}


@pytest.mark.parametrize("name", ["PHQ-9", "PHQ-2", "ASQ"])
def test_a_translation_has_the_values_and_codes_of_the_original(name: str) -> None:
    english, spanish = instrument(name), instrument(name, "es")
    assert [item.loinc for item in english.items] == [item.loinc for item in spanish.items]
    for one, other in zip(english.items, spanish.items, strict=True):
        assert (one.number, one.role) == (other.number, other.role)
        assert [(o.value, o.loinc) for o in one.options] == [(o.value, o.loinc) for o in other.options]


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_each_is_licensed_sourced_and_scored(key: tuple[str, str]) -> None:
    found = catalogue()[key]
    assert found.licence
    assert found.source
    assert found.scored_as in INSTRUMENTS
    sheet = [item.options[-1].value if item.options else 1 for item in found.scored_items]
    assert score(found.scored_as, sheet, {"trauma_exposure": True}).status in {"complete", "refused"}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_each_option_is_an_answer_the_scoring_takes(key: tuple[str, str]) -> None:
    found = catalogue()[key]
    for item in found.scored_items:
        for option in item.options:
            sheet = [other.options[0].value for other in found.scored_items]
            sheet[item.number - 1] = option.value
            assert score(found.scored_as, sheet).status != "invalid"


@pytest.mark.parametrize("key", [("PHQ-9", "en"), ("PHQ-9", "es"), ("GAD-7", "en")])
def test_bands_say_what_the_scoring_says(key: tuple[str, str]) -> None:
    found = catalogue()[key]
    count = len(found.scored_items)
    for total in range(3 * count + 1):
        scored = score(found.scored_as, [min(3, max(0, total - 3 * n)) for n in range(count)])
        band = found.band(total)
        assert band is not None
        assert band.severity == scored.severity


def test_codes_that_public_examples_get_wrong() -> None:
    assert instrument("AUDIT-C").items[0].loinc == "68518-0"
    assert (instrument("GAD-7").loinc_panel, instrument("GAD-7").loinc_score) == ("69737-5", "70274-6")
    assert instrument("PCL-5").loinc_score == "101698-9"
    assert instrument("PHQ-9").items[8].loinc == "44260-8"
    asq = instrument("ASQ")
    assert asq.loinc_panel is None
    assert all(item.loinc is None for item in asq.items)


def test_a_wrong_check_digit_is_noticed() -> None:
    assert is_loinc("44261-6")
    assert is_loinc("LA6568-5")
    assert not is_loinc("44261-7")
    assert not is_loinc("LA6568-6")
    assert not is_loinc("44261")


def test_roles_and_variants() -> None:
    assert instrument("PHQ-9").unscored_items[0].loinc == "69722-7"
    gate = instrument("PC-PTSD-5").gate
    assert gate is not None
    assert gate.text == "Have you ever experienced this kind of event?"
    alcohol = instrument("TAPS-1").items[1]
    assert "5 or more" in alcohol.wording()
    assert "4 or more" in alcohol.wording("female")


def test_no_machine_translation_where_none_is_approved() -> None:
    with pytest.raises(KeyError):
        instrument("PCL-5", "es")
    assert instrument("ASQ", "es").items[4].text == "¿Está pensando en suicidarse en este momento?"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('licence = "none"', ""),
        ('licence = "none"', 'licence = " "'),
        ("number = 1", "number = 2"),
        ("number = 1", 'number = "1"'),
        ('text = "One?"', 'text = "One?"\nrole = "strange"'),
        ('text = "One?"', 'text = "One?"\nloinc = "44261-7"'),
        ("value = 1", "value = 0"),
        ("value = 1", "value = true"),
        ("low = 0", "low = 2"),
        ('stem = ""', 'stem = ""\nextra = 1'),
        ('{ value = 1, text = "Yes" }', ""),
    ],
)
def test_a_doubtful_file_is_not_read(old: str, new: str) -> None:
    parse_instrument(MINIMAL, "test")
    assert old in MINIMAL
    with pytest.raises(DataError, match=r"test"):
        parse_instrument(MINIMAL.replace(old, new, 1), "test")


def test_a_folder_without_instruments_or_with_one_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no instruments"):
        load_instruments(tmp_path)
    (tmp_path / "a.toml").write_text(MINIMAL)
    assert list(load_instruments(tmp_path)) == [("X", "en")]
    (tmp_path / "b.toml").write_text(MINIMAL)
    with pytest.raises(DataError, match="twice"):
        load_instruments(tmp_path)
