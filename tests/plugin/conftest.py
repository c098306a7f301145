"""The plugin is what the tests install; it is not imported from here."""

collect_ignore = ["tongues"]
