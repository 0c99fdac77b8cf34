"""A client that watches a channel strictly, as no forgiving player would."""
