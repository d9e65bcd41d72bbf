"""A clinic's licensed wording: taken whole or not at all. Every word of it here is made up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intake import sections
from intake.domain import library
from intake.domain.facts import Tri
from intake.domain.licensed import SHAPES, load_licensed
from intake.domain.reading import DataError
from intake.domain.scoring import INSTRUMENTS
from intake.facts import facts_from_values, instruments_in, score_of_values
from tests.intake.test_facts import TODAY, items


def pack(name: str, language: str = "en", **other: Any) -> str:
    """Made-up wording of an instrument in the form of docs/licensed-texts.md; `other` replaces items by number."""
    shape = SHAPES[name]
    wanted = {**dict(enumerate(shape.scored, 1)), **shape.unscored}
    lines = [
        f'name = "{name}"', f'version = "{name}/{language}/made-up"', f'language = "{language}"', 'title = "Made up"',
        f'scored_as = "{name}"', 'stem = "Made-up words above"', 'licence = "None: made up for a test"',
        'source = "A test"',
    ]  # fmt: skip
    for number, values in wanted.items():
        changed = other.get(f"item{number}", values)
        if changed is None:
            continue
        options = ", ".join(f"{{ value = {value!r}, text = 'Made-up answer {n}' }}" for n, value in enumerate(changed))
        role = "unscored" if number in shape.unscored else "scored"
        lines.append(f'[[item]]\nnumber = {number}\ntext = "Made-up {number}"\nrole = "{role}"\noptions = [{options}]')
    return "\n".join(lines)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    library.use_licensed(None)
    sections.read_again()


def supply(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    library.use_licensed(folder)
    sections.read_again()


@pytest.mark.parametrize("name", SHAPES)
def test_each_instrument_of_the_list_is_taken_and_known_to_the_scoring(folder: Path, name: str) -> None:
    supply(folder, made_up=pack(name))
    assert library.instrument(name).licence == "None: made up for a test"
    assert name in INSTRUMENTS


def test_with_the_wording_the_intake_asks_both_mood_questionnaires_after_its_own_list(folder: Path) -> None:
    supply(folder, mdq=pack("MDQ"), rms=pack("RMS"), dast=pack("DAST-10"))
    slugs = [part.slug for part in sections.sections()]
    at = slugs.index("high-times")
    assert slugs[at + 1 : at + 4] == ["mood-history", "mood-history-2", "mood-screen"]
    part = sections.section("mood-history")
    assert [item.label for item in part.items] == [f"Made-up {n}" for n in range(1, 14)]
    shown = {one.slug for one in sections.visible({"sisq.1": 1})}
    assert {"mood-history", "mood-screen", "substances-more"} <= shown
    assert "mood-history-2" not in shown
    assert "mood-history-2" in {one.slug for one in sections.visible({"mdq.1": 1, "mdq.2": 1})}


def test_the_answers_become_facts(folder: Path) -> None:
    supply(folder, mdq=pack("MDQ"), rms=pack("RMS"), dast=pack("DAST-10"))
    values = items("mdq", *[1] * 7, *[0] * 6) | {"mdq.14": 1, "mdq.15": "serious"} | items("rms", 1, 1, 1, 1, 0, 0)
    values |= {"sisq.1": 2, "bipolar.told": "no"} | items("dast10", *["N"] * 10)
    found = facts_from_values(values, today=TODAY)
    assert (found.mdq_score, found.mdq_same_time, found.mdq_problem, found.rms_score) == (7, True, "serious", 4)
    assert found.bipolar_told is Tri.NO
    assert score_of_values(values, "MDQ").positive is True
    assert (score_of_values(values, "DAST-10").score, score_of_values(values, "DAST-10").severity) == (1, "low")
    assert instruments_in(values) == ("SISQ-Drug", "DAST-10", "MDQ", "RMS")


@pytest.mark.parametrize(
    ("text", "about"),
    [
        (pack("MDQ", item13=None), "13 items are expected, not 12"),
        (pack("MDQ", item15=None), "item 15"),
        (pack("RMS", item6=(0, 1, 2)), "item 6 needs the answers 0, 1"),
        (pack("AUDIT", item9=(0, 1, 2)), "item 9 needs the answers 0, 2, 4"),
        (pack("DAST-10", item3=(1, 0)), "item 3 needs the answers Y, N"),
        (pack("MDQ").replace('licence = "None: made up for a test"', 'licence = " "'), "licence is empty"),
        (pack("MDQ").replace('name = "MDQ"', 'name = "PHQ-9"'), "not an instrument whose wording a clinic supplies"),
        (pack("MDQ").replace('scored_as = "MDQ"', 'scored_as = "RMS"'), "not an instrument"),
        (pack("RMS", "es"), "not there in English"),
        (pack("RMS") + "\nstrange = 1", "strange"),
        ("not toml", "made_up.toml"),
    ],
)
def test_doubtful_wording_is_refused_and_then_none_is_taken(folder: Path, text: str, about: str) -> None:
    with pytest.raises(DataError, match=about):
        supply(folder, made_up=text)
    assert ("MDQ", "en") not in library.catalogue()


def test_a_folder_that_is_not_there_is_refused_and_an_empty_one_is_none(tmp_path: Path) -> None:
    assert load_licensed(tmp_path) == {}
    with pytest.raises(DataError, match="no such folder"):
        load_licensed(tmp_path / "nowhere")
