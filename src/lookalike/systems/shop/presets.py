"""Words of a domain: what customers are called there, and what they do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """Words for reasons.

    verb : what users do with items, such as "play"
    done : what they have done with them, such as "played"
    users, items : what these are called
    """

    verb: str
    done: str
    users: str
    items: str

    @property
    def yours(self) -> str:
        """What the user has, as a clause.

        Examples
        --------
        >>> PRESETS["games"].yours, PRESETS["shop"].yours
        ('what you play', 'what you chose')
        """
        return f"what you {'chose' if self.verb == 'choose' else self.verb}"


PRESETS = {
    "shop": Preset("choose", "chosen", "customers", "items"),
    "games": Preset("play", "played", "players", "games"),
    "films": Preset("watch", "watched", "people", "films"),
    "books": Preset("read", "read", "readers", "books"),
    "music": Preset("listen to", "heard", "listeners", "songs"),
}
