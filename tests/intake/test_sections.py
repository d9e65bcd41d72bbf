"""The parts of the intake: order, exact instrument wording, every history fact asked, strictness of the reader."""

import pytest

from intake.domain.library import instrument, policy
from intake.domain.reading import DataError
from intake.sections import CONTACT, ITEM9, all_items, item9_section, parse, sections, visible


def slugs() -> list[str]:
    return [part.slug for part in sections()]


def test_contact_comes_before_anything_about_death() -> None:
    assert slugs()[0] == CONTACT
    assert slugs().index(CONTACT) < slugs().index(item9_section().slug)


def test_item9_is_alone_on_its_screen() -> None:
    assert [item.id for item in item9_section().items] == [ITEM9]
    assert sum(part.alone for part in sections()) == 1


@pytest.mark.parametrize("name", ["PHQ-9", "PC-PTSD-5", "AUDIT-C", "SISQ-Drug"])
def test_instruments_keep_their_words_options_and_version(name: str) -> None:
    fixed = instrument(name)
    asked = [item for item in all_items() if item.instrument == fixed.version]
    assert [item.label for item in asked] == [item.text for item in fixed.items]
    assert [item.options for item in asked] == [tuple((o.value, o.text) for o in item.options) for item in fixed.items]


def test_every_history_fact_behind_a_contraindication_is_asked() -> None:
    asked = {item.fact for item in all_items()}
    needed = {name for rule in policy().rules.values() if rule.flag == "CONTRA" for name in rule.any_yes}
    assert needed <= asked


def test_parts_that_hang_on_an_answer_wait_for_it() -> None:
    def shown(**values: object) -> set[str]:
        return {part.slug for part in visible({name.replace("__", "."): value for name, value in values.items()})}

    assert not {"event-month", "alcohol-2"} & shown()
    assert "event-month" in shown(pcptsd5__0=1)
    assert "event-month" not in shown(pcptsd5__0=0)
    assert "event-month" not in shown(pcptsd5__0=None)
    assert "alcohol-2" in shown(auditc__1=1)
    assert "alcohol-2" in shown(auditc__1=None)
    assert "alcohol-2" not in shown(auditc__1=0)


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
        ("not toml", "x.toml"),
    ],
)
def test_doubtful_data_is_refused(text: str, about: str) -> None:
    with pytest.raises(DataError, match=about):
        parse(text, "x.toml")
