"""Matching free text: brands, doses, combinations; and nothing that is not understood is dropped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.library import dose_table, match, medicine_table
from intake.domain.medicines import interactions, parse_medicines, suggestions
from intake.domain.reading import DataError


@pytest.mark.parametrize(
    ("text", "ingredients"),
    [
        ("Xanax 0.5 mg twice daily", ("alprazolam",)),
        ("ALPRAZOLAM XR", ("alprazolam",)),
        ("zoloft 100mg every morning", ("sertraline",)),
        ("Auvelity 45-105 mg", ("dextromethorphan", "bupropion")),
        ("Suboxone film 8/2", ("buprenorphine", "naloxone")),
        ("st. john’s wort", ("st john's wort",)),
        ("St Johns Wort 300 mg", ("st john's wort",)),
        ("Effexor + Wellbutrin", ("venlafaxine", "bupropion")),
        ("low dose naltrexone 4.5mg", ("naltrexone",)),
        ("Ｏｚｅｍｐｉｃ weekly", ("semaglutide",)),
    ],
)
def test_names_brands_and_combinations(text: str, ingredients: tuple[str, ...]) -> None:
    assert set(match(text).ingredients) == set(ingredients)


@pytest.mark.parametrize("text", ["blorpazine", "my blue pill", "Xanaxx", "sertralin", "", "???", "Prozak 20 mg"])
def test_what_is_not_understood_is_unrecognised_and_kept(text: str) -> None:
    medicine = match(text)
    assert not medicine.recognised
    assert medicine.text == text


def test_a_stranger_beside_a_known_name_is_not_dropped() -> None:
    medicine = match("Zoloft 50 mg and blorpazine 5 mg")
    assert medicine.ingredients == ("sertraline",)
    assert medicine.left_over == ("blorpazine",)
    assert not medicine.recognised


def test_a_name_is_matched_as_a_whole_word() -> None:
    assert match("somatropin").ingredients == ()  # not Soma
    assert match("lithiumish").ingredients == ()


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_either_recognised_or_flagged(text: str) -> None:
    medicine = match(text)
    assert medicine.text == text
    assert medicine.recognised == (bool(medicine.ingredients) and not medicine.left_over)


def test_every_ingredient_and_brand_finds_its_own_classes() -> None:
    table = medicine_table()
    for name, ingredients in table.names.items():
        medicine = match(name)
        assert medicine.recognised, name
        assert set(ingredients) <= set(medicine.ingredients), name
        assert all(table.classes_of[ingredient] for ingredient in ingredients)


def test_interactions_put_review_first() -> None:
    listed = interactions((match("Zoloft"), match("Xanax")), medicine_table())
    assert [kind.name for kind, _ in listed] == ["benzodiazepine", "antidepressant"]


def test_the_classes_of_the_clinics_list_are_all_there() -> None:
    names = set(medicine_table().classes)
    assert names >= {
        *("benzodiazepine", "z_drug", "lamotrigine", "lithium", "maoi", "stimulant", "decongestant", "opioid"),
        *("naltrexone", "theophylline", "cns_depressant", "cyp_inhibitor", "cyp_inducer", "antipsychotic", "nmda"),
        *("thyroid_hormone", "antihypertensive", "antidepressant", "glp1", "valproate"),
    }


def test_a_doubtful_table_is_not_read() -> None:
    good = 'version = "1"\n[[class]]\nname = "a"\ntitle = "A"\nflag = "INFO"\nhandling = "x"\nsource = "y"\n'
    assert parse_medicines(good + '[class.members]\nx = ["y"]\n', "test").names == {"x": ("x",), "y": ("x",)}
    for bad in (good.replace("INFO", "STOP") + "[class.members]\n", good, good + "[class.members]\nx = [1]\n", "x = ["):
        with pytest.raises(DataError):
            parse_medicines(bad, "test")


def test_every_name_that_is_offered_is_recognised_as_what_it_says() -> None:
    offered = suggestions(medicine_table())
    assert {"sertraline", "Zoloft (sertraline)"} <= set(offered)
    assert list(offered) == sorted(set(offered), key=str.lower)
    strange = [name for name in offered if not match(name).recognised]
    assert strange == []
    assert match("Zoloft (sertraline)").ingredients == ("sertraline",)


def test_every_medicine_with_a_least_dose_is_offered_and_recognised() -> None:
    names = dose_table().names
    offered = suggestions(medicine_table(), names)
    assert set(names) <= set(offered)
    assert [name for name in offered if not match(name).recognised] == []
