"""A station of its own, to look at: studios, settings, and the page that pulls plugs."""
