"""What a text that came in means; how a text that leaves is counted."""

import pytest

from pacificmind.messaging.gsm import plan
from pacificmind.messaging.replies import Meaning, understand

STOP = """STOP|stop.|Stop!|QUIT|end|REVOKE|opt out|OPT-OUT|OptOut|unsubscribe|STOPALL|please stop|stop it please
please stop texting me|Don't text me anymore|don’t send me messages|Do not text this number|No more texts please
Remove me from your list|take me off|I revoke my consent|leave me alone|stop sending me these messages|Parar|ALTO
no quiero más mensajes|ya no me escriban más, no me manden mensajes|Quit texting|these texts have to stop"""
STOP += "|basta|Basta!|S T O P|s.t.o.p|STOPP|stoppp!!|para|Para ya, basta|'STOP'|BAJA|Ya basta|alto por favor|unsub"
UNSURE = """CANCEL|Cancelar|please cancel|wrong number|No gracias|enough|STOP. I told you before|I said STOP|
Why do you write? Stop!|fin"""
WORDS = """I can't stop crying|can't stop crying|Can I stop taking my tablets before?|do not stop texting me
I will be late, don't wait|thanks for the message|can't make it, please cancel my appointment|is this the end|
when does it end? I got your message|😀|I want to die|para mañana no puedo|I can't STOP crying|the bus stop is far
is there a stop near you?|I CAN'T STOP CRYING|para qué es la cita"""


@pytest.mark.parametrize("text", [one.strip() for one in STOP.replace("\n", "|").split("|")])
def test_whoever_asks_for_no_more_texts_is_understood(text: str) -> None:
    assert understand(text) == Meaning.STOP


@pytest.mark.parametrize("text", [one.strip() for one in UNSURE.replace("\n", "").split("|")])
def test_what_may_mean_an_end_ends_texts_and_is_read(text: str) -> None:
    assert understand(text) == Meaning.UNSURE


@pytest.mark.parametrize("text", [one.strip() for one in WORDS.replace("\n", "|").split("|")])
def test_other_words_are_for_a_person(text: str) -> None:
    assert understand(text) == Meaning.WORDS


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("START", Meaning.START),
        ("unstop", Meaning.START),
        ("help?", Meaning.HELP),
        ("AYUDA", Meaning.HELP),
        ("C", Meaning.CONFIRM),
        ("c.", Meaning.CONFIRM),
        ("Yes!", Meaning.CONFIRM),
        ("Sí", Meaning.CONFIRM),
    ],
)
def test_the_other_words_of_the_trade(text: str, meaning: Meaning) -> None:
    assert understand(text) == meaning


@pytest.mark.parametrize(
    ("text", "gsm", "places", "parts"),
    [
        ("a" * 160, True, 160, 1),
        ("a" * 161, True, 161, 2),
        ("a" * 306, True, 306, 2),
        ("a" * 307, True, 307, 3),
        ("€" * 80, True, 160, 1),
        ("€" * 81, True, 162, 2),
        ("😀" * 35, False, 70, 1),
        ("😀" * 36, False, 72, 2),
        ("漢" * 70, False, 70, 1),
        ("漢" * 71, False, 71, 2),
    ],
)
def test_places_and_parts(text: str, gsm: bool, places: int, parts: int) -> None:
    found = plan(text)
    assert (found.text, found.gsm, found.places, found.parts) == (text, gsm, places, parts)


def test_what_has_a_plain_spelling_is_written_plainly() -> None:
    found = plan("Your visit – it’s “near”…\u00a0mañana a las 10; el miércoles está bien, ¿sí?")
    assert found.gsm
    assert found.text == 'Your visit - it\'s "near"... mañana a las 10; el miércoles esta bien, ¿si?'
