"""Documents; :mod:`docs.generate` writes the reference pages from the code."""
