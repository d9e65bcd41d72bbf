"""Names for everybody without a story of their own. All made up."""

_GIVEN = (
    "Aaron Abigail Adele Aisha Alan Alejandra Anita Arjun Beatriz Bernard Bianca Bryce Camille Cedric Claire Colin "
    "Dahlia Darnell Deborah Diego Edith Elias Esther Farid Felicity Gabriel Gwen Hana Hector Imani Isaac Ivy Jerome "
    "Joanna Karim Katya Leon Lorraine Mateo Meera Nolan Noor Oscar Pamela Quentin Renata Roland Salma Stefan Theresa "
    "Tobias Ursula Vera Wesley Xenia Yasmin Zachary"
)
_FAMILY = (
    "Abbott Aguilar Amin Barrera Baxter Bergman Bui Castillo Chandra Cole Dalton Delacroix Dunn Eriksen Espinoza Faraj "
    "Fielding Garrett Goldstein Hashimoto Hayes Ibarra Ingram Jennings Joshi Keller Khan Lambert Lozano MacLeod Mercer "
    "Molina Nguyen Novak Oduya Ortiz Pacheco Petrov Quinn Ramsey Rosen Salazar Schmidt Tate Toledo Underwood Valdez "
    "Vance Whitaker Xu Yates Zamora Zeller"
)
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()


def name(number: int) -> tuple[str, str]:
    """Given and family name; distinct for the first 2,000 numbers."""
    return GIVEN[number % len(GIVEN)], FAMILY[(number * 5 + number // len(GIVEN)) % len(FAMILY)]
