"""Names as searches see them: lower case, without accents, each word led by a space. The index is built on the same."""

from django.db.models import CharField, Func, Value
from django.db.models.functions import Concat, Replace


class Folded(Func):
    """Lower case without accents, as `intake.domain.people.folded` writes it."""

    template = "lower(regexp_replace(normalize(%(expressions)s, NFD), '[\u0300-\u036f]', '', 'g'))"
    output_field = CharField()


class Backwards(Func):
    """The text from its end to its beginning: an index on it finds the last digits of a telephone number."""

    template = "reverse(%(expressions)s::text)"
    output_field = CharField()


def searched(*columns: str) -> Replace:
    """The words of these columns for searches: folded, a space before each, hyphens as spaces, no apostrophes."""
    words = [part for column in columns for part in (Value(" "), column)]
    plain = Replace(Replace(Folded(Concat(*words)), Value("'"), Value("")), Value("\u2019"), Value(""))
    return Replace(plain, Value("-"), Value(" "))


#: What patients are searched by, written once: an index serves only the very expression it was built on.
SEARCHED_NAME = searched("given_name", "family_name", "preferred_name")
