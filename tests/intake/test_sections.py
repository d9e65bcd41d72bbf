"""The parts of the intake: order, exact instrument wording, every history fact asked, strictness of the reader."""

import pytest

from intake.domain.library import catalogue, instrument, policy
from intake.domain.reading import DataError
from intake.sections import (
    CONTACT,
    ITEM9,
    all_items,
    item9_section,
    parse,
    section,
    sections,
    short_name,
    visible,
    worded,
)


def slugs() -> list[str]:
    return [part.slug for part in sections()]


def test_contact_comes_before_anything_about_death() -> None:
    assert slugs()[0] == CONTACT
    assert slugs().index(CONTACT) < slugs().index(item9_section().slug)


def test_item9_is_alone_on_its_screen() -> None:
    assert [item.id for item in item9_section().items] == [ITEM9]
    assert sum(part.alone for part in sections()) == 1


@pytest.mark.parametrize("name", ["PHQ-9", "GAD-7", "PC-PTSD-5", "PCL-5", "AUDIT-C", "SISQ-Drug", "TAPS-1"])
def test_instruments_keep_their_words_options_and_version(name: str) -> None:
    fixed = instrument(name)
    asked = [item for item in all_items() if item.instrument == fixed.version]
    assert [item.label for item in asked] == [item.text for item in fixed.items]
    assert [item.options for item in asked] == [tuple((o.value, o.text) for o in item.options) for item in fixed.items]


def test_every_history_fact_behind_a_contraindication_is_asked() -> None:
    asked = {item.fact for item in all_items()}
    needed = {name for rule in policy().rules.values() if rule.flag == "CONTRA" for name in rule.any_yes}
    assert needed <= asked


def shown(**values: object) -> set[str]:
    return {part.slug for part in visible({name.replace("__", "."): value for name, value in values.items()})}


def test_parts_that_hang_on_an_answer_wait_for_it() -> None:
    assert not {"event-month", "alcohol-2", "event-month-2", "substances-year", "ketamine-before"} & shown()
    assert "event-month" in shown(pcptsd5__0=1)
    assert "event-month" not in shown(pcptsd5__0=0)
    assert "event-month" not in shown(pcptsd5__0=None)
    assert "alcohol-2" in shown(auditc__1=1)
    assert "alcohol-2" in shown(auditc__1=None)
    assert "alcohol-2" not in shown(auditc__1=0)
    assert "ketamine-before" in shown(ketamine__before="yes")
    assert "ketamine-before" not in shown(ketamine__before="unknown")


@pytest.mark.parametrize(
    ("answers", "gate", "asked"),
    [
        ((1, 1, 1, 0, 0), 1, True),  # 3: the cut that opens it
        ((1, 1, 0, 0, 0), 1, False),
        ((1, 1, None, 0, 0), 1, False),
        ((1, 1, 1, None, None), 1, True),  # already 3, whatever was declined
        ((1, 1, 1, 1, 1), 0, False),  # answers of a part that was closed since do not open another
        ((1, 1, 1, 1, 1), None, False),
    ],
)
def test_three_points_of_the_short_screen_open_the_long_one(
    answers: tuple[int | None, ...], gate: int | None, asked: bool
) -> None:
    values = {f"pcptsd5__{n}": answer for n, answer in enumerate(answers, 1)}
    assert ({"event-month-2", "event-month-3"} <= shown(pcptsd5__0=gate, **values)) is asked


@pytest.mark.parametrize(("times", "asked"), [(0, False), (1, True), (None, False)])
def test_taps_follows_a_positive_drug_question(times: int | None, asked: bool) -> None:
    assert ("substances-year" in shown(sisq__1=times)) is asked


def test_both_halves_of_the_long_list_are_all_of_it() -> None:
    numbers = [item.id for slug in ("event-month-2", "event-month-3") for item in section(slug).items]
    assert numbers == [f"pcl5.{n}" for n in range(1, 21)]


@pytest.mark.parametrize(("sex", "drinks"), [("female", "4 or more"), ("male", "5 or more"), (None, "5 or more")])
def test_the_drinks_of_taps_follow_the_body(sex: str | None, drinks: str) -> None:
    part = worded(section("substances-year"), {"alcohol.sex": sex}, "en")
    assert drinks in part.item("taps1.2").label
    assert part.item("taps1.1") == section("substances-year").item("taps1.1")


def test_a_patient_reads_an_instrument_in_their_language_where_it_is_published() -> None:
    part = worded(section("mood"), {}, "es")
    assert (part.language, part.spoken) == ("es", True)
    assert [item.label for item in part.items] == [item.text for item in instrument("PHQ-9", "es").items[:8]]
    assert part.items[0].instrument == "PHQ-9/es/1"
    assert [item.id for item in part.items] == [item.id for item in section("mood").items]


def test_where_no_approved_words_exist_it_says_so_and_translates_nothing() -> None:
    part = worded(section("event-month-2"), {}, "es")
    assert (part.language, part.spoken) == ("en", False)
    assert part.items == section("event-month-2").items


@pytest.mark.parametrize(("name", "language"), [key for key in catalogue() if key[1] != "en"])
def test_every_language_has_the_questions_and_values_of_the_english(name: str, language: str) -> None:
    ours, english = instrument(name, language), instrument(name)
    assert [item.number for item in ours.items] == [item.number for item in english.items]
    for item, original in zip(ours.items, english.items, strict=True):
        assert [option.value for option in item.options] == [option.value for option in original.options]


def test_parts_of_licensed_instruments_are_not_there_without_their_text() -> None:
    prefixes = {item.id.partition(".")[0] for item in all_items()}
    assert not {short_name(name) for name in ("MDQ", "RMS", "DAST-10")} & prefixes


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ('[[section]]\nslug = "a"\ntitle = "A"\nlead = "x"\nminutes = 1\nstrange = 2', "strange"),
        ('[[section]]\nslug = "a"\ntitle = "A"\nlead = "x"\nminutes = 1\nrows = "cars"', "cars"),
        (
            '[[section]]\nslug = "a"\ntitle = "A"\nlead = "x"\nminutes = 1\n'
            '[[section.item]]\nid = "a.b"\nkind = "yesno"\nlabel = "B?"\nfact = "no_such_fact"',
            "fact",
        ),
        (
            '[[section]]\nslug = "a"\ntitle = "A"\nlead = "x"\nminutes = 1\n'
            'only_if = { item = "b.c", value = 1, at_least = 2 }',
            "at_least",
        ),
        (
            '[[section]]\nslug = "a"\ntitle = "A"\nlead = "x"\nminutes = 1\ninstrument = "MDQ"\nnumbers = [1]',
            "no wording of MDQ",
        ),
        ("not toml", "x.toml"),
    ],
)
def test_doubtful_data_is_refused(text: str, about: str) -> None:
    with pytest.raises(DataError, match=about):
        parse(text, "x.toml")
