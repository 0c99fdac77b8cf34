"""Alembic's entry: run the steps on the connection that :mod:`control.database` gives."""

from __future__ import annotations

from alembic import context

from control.tables import METADATA

__all__: list[str] = []


def _migrate() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if getattr(context, "config", None) is not None:  # imported by Alembic, and by nobody else
    _migrate()
