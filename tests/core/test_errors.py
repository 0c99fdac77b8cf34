"""core.errors: codes are stable names, and one table maps them to HTTP."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from core import errors
from docs.generate import PACKAGES


def tree(base: type[errors.LensongError]) -> list[type[errors.LensongError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in tree(child))]


def import_everything() -> None:
    """Import every module, so that the tree does not depend on which tests ran before."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)


def test_every_error_has_a_code_of_its_own() -> None:
    import_everything()
    codes = [kind.code for kind in tree(errors.LensongError)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)


def test_a_code_may_name_the_rule_that_was_broken() -> None:
    assert errors.FormatError("x", code="size").code == "size"
    assert errors.FormatError("x").code == "parse"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.HeaderNeededError, 412),
        (errors.RefusedError, 403),
        (errors.FormatError, 400),
        (errors.InputError, 400),
        (errors.NotYetAvailableError, 404),
        (errors.NoLongerAvailableError, 410),
        (errors.ConfigError, 500),
    ],
)
def test_the_http_status_of_an_error(kind: type[errors.LensongError], status: int) -> None:
    assert errors.http_status(kind("x")) == status
