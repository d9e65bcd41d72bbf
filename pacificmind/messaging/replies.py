"""What a text that came in means. Pure. In doubt about texts, they end: a mail still comes (47 CFR 64.1200(a)(10)).

The words that carriers take for an end (CTIA Messaging Principles: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT; the
rule names REVOKE and OPT OUT too) end texts, however they are spaced or spelled. Where something else can be meant as
well, texts end and a person reads it.
"""

import re
import unicodedata
from enum import StrEnum


class Meaning(StrEnum):
    """How a text is understood."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    CONFIRM = "confirm"
    WORDS = "words"
    UNSURE = "unsure"  # they may want no more texts: these end at once, and a person reads what they meant


_STOP = {
    "stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "optout", "unsubscribe", "unsub", "cease",
    "no more", "stop2end", "stop 2 end", "stop to end",
    "parar", "pare", "paren", "para", "alto", "baja", "detener", "detengan", "no mas", "basta", "ya basta", "salir",
}  # fmt: skip
_UNSURE = {
    "cancel", "cancelar", "cancelen", "cancela", "please cancel", "cancel please", "cancel it", "cancel this",
    "cancelar por favor", "enough", "remove", "delete", "terminar", "fin", "finish", "wrong number", "wrong person",
    "numero equivocado", "not interested", "no me interesa", "no thanks", "no thank you", "no gracias", "go away",
    "ya no", "dejen",
}  # fmt: skip
_ENDS = {"stop", "quit", "unsubscribe", "basta", "alto", "pare", "paren"}
_START = {"start", "unstop", "empezar", "iniciar"}
_HELP = {"help", "info", "ayuda"}
_CONFIRM = {"c", "confirm", "confirmed", "y", "yes", "si", "confirmo", "confirmar", "i confirm"}
_TEXTS = r"(?:text(?:s|ing)?|txts?|sms|messag(?:es?|ing)|mensajes?|textos?|escrib\w*)"
_NO_MORE = r"(?:stop|quit|cease|revoke|unsubscribe|opt(?:ing)? out|no more|do ?n.?t|do not|never|remove me|"
_NO_MORE += r"take me off|not want|no quiero|no me|dej\w+|pare\w*|no mas|quit\w+me)"
_REVOKES = re.compile(rf"\b{_NO_MORE}\b.*\b{_TEXTS}\b|\b{_TEXTS}\b.*\b(?:stop|unsubscribe|opt out)\b")
_OFF_THE_LIST = re.compile(
    rf"\bend (?:the |these |this |all |your |my )?{_TEXTS}\b|"
    r"\b(?:unsubscribe|opt(?:ing)? out|revoke (?:my )?consent|withdraw (?:my )?consent|remove me|take me off|"
    r"leave me alone|lose my number|do ?n.?t (?:contact|write)|do not (?:contact|write)|stop (?:contacting|writing))\b"
)
_POLITE = {
    "stop", "quit", "unsubscribe", "please", "pls", "plz", "now", "it", "this", "ok", "thanks", "thank", "you", "just",
    "me", "por", "favor", "sorry", "hi", "hello", "all", "already", "basta", "alto", "pare", "paren", "ya", "gracias",
    "hola", "esto", "eso", "para",
}  # fmt: skip
_ALONE = r"(?:^|[.!?;\n])\s*[\"'(]*(?:stop|alto|basta|unsubscribe)[\"')]*\s*(?:[.!?;,\n]|$)"
_STANDS_ALONE = re.compile(_ALONE, re.IGNORECASE)
_SHOUTED = re.compile(r"\b(?:STOP|BASTA|UNSUBSCRIBE)\b")
_NO_STOP = re.compile(r"\b(?:do ?n'?t|do not|never|no|can'?t|cannot|not|won'?t|could ?n'?t) stop\b")

_SPANISH_ALONE = {
    "parar", "pare", "alto", "baja", "cancelar", "detener", "no mas", "empezar", "iniciar", "ayuda", "si", "confirmo",
    "confirmar", "basta", "ya basta", "para", "paren", "salir", "detengan", "cancelen", "cancela", "terminar", "fin",
    "numero equivocado", "ya no", "dejen",
}  # fmt: skip
_SPANISH = {
    "quiero", "mas", "mensajes", "mensaje", "textos", "texto", "por", "favor", "gracias", "hola", "necesito", "ayuda",
    "estoy", "soy", "mi", "cita", "vida", "morir", "matarme", "suicidarme", "vivir", "ya", "que", "para", "una", "el",
    "la", "puedo", "dejen", "deje", "dejar", "pare", "paren", "escribir", "escribirme", "enviar", "enviarme",
}  # fmt: skip


def understand(text: str) -> Meaning:
    """The meaning of a whole text; WORDS where a person has to read it."""
    said = _spoken(text)
    if _is_one_of(said, _STOP):
        return Meaning.STOP
    for known, meaning in ((_START, Meaning.START), (_HELP, Meaning.HELP), (_CONFIRM, Meaning.CONFIRM)):
        if said in known:
            return meaning
    polite = set(said.split()) <= _POLITE and bool(_ENDS & set(said.split()))
    if polite or _OFF_THE_LIST.search(said) or _revokes(said):
        return Meaning.STOP
    return Meaning.UNSURE if _is_one_of(said, _UNSURE) or _may_revoke(text, said) else Meaning.WORDS


def _is_one_of(said: str, known: set[str]) -> bool:
    """As it stands, with its letters apart (S T O P), or with one held down (STOPP)."""
    letters = said.replace(" ", "") if all(len(word) == 1 for word in said.split()) else said
    return said in known or letters in known or _once(letters) in {_once(word) for word in known}


def _once(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


def _may_revoke(text: str, said: str) -> bool:
    """A word that ends texts stands as a sentence of its own, or is shouted among others."""
    shouted = _SHOUTED.search(text) and not text.isupper()
    return bool(_STANDS_ALONE.search(text) or shouted) and not _NO_STOP.search(said)


def is_spanish(text: str) -> bool:
    """Whether a text of somebody whose language we do not know is rather Spanish: in doubt it is not."""
    if re.search("[\u00bf\u00a1\u00f1]", text.casefold()):
        return True
    said = _spoken(text)
    return said in _SPANISH_ALONE or len(_SPANISH & set(said.split())) >= 2


def _revokes(said: str) -> bool:
    return bool(_REVOKES.search(said)) and not re.search(r"\b(?:do ?n.?t|do not|never|no) stop\b", said)


def _spoken(text: str) -> str:
    """Small letters without accents, punctuation and double blanks."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(one for one in bare if not unicodedata.combining(one)).replace("\u2019", "'")
    words = (word.strip("'") for word in re.sub(r"[^\w' ]+", " ", bare).split())
    return " ".join(filter(None, words))
