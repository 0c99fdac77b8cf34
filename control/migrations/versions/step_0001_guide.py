"""The guide, rights, takedowns and the audit."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "downgrade", "revision", "upgrade"]

revision: Final = "0001"
down_revision: Final = None

_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_GUARD: Final = """
CREATE TRIGGER audit_keeps_{what} BEFORE {what} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END
"""

_POSTGRESQL_FUNCTION: Final = """
CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is never changed'; END $$
"""

_POSTGRESQL_GUARD: Final = """
CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()
"""


def upgrade() -> None:
    """Make every table."""
    _make_guide()
    _make_rights()
    _make_journal()
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_GUARD.format(what=what))
    else:
        op.execute(_POSTGRESQL_FUNCTION)
        op.execute(_POSTGRESQL_GUARD)


def _make_guide() -> None:
    op.create_table(
        "programmes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("start_s", sa.BigInteger(), nullable=False),
        sa.Column("end_s", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subtitle", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("categories", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("series", sa.String(64), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programmes"),
    )
    op.create_index("ix_programmes_channel_start_s", "programmes", ["channel", "start_s"])
    op.create_index("ix_programmes_series", "programmes", ["series"])
    op.create_table(
        "versions",
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="pk_versions"),
    )


def _make_rights() -> None:
    op.create_table(
        "decisions",
        sa.Column("programme", sa.String(64), nullable=False),
        sa.Column("rights", sa.String(32)),
        sa.Column("series", sa.String(64)),
        sa.Column("as_run_start_s", sa.BigInteger()),
        sa.Column("as_run_end_s", sa.BigInteger()),
        sa.PrimaryKeyConstraint("programme", name="pk_decisions"),
    )
    op.create_table(
        "series_rules",
        sa.Column("series", sa.String(64), nullable=False),
        sa.Column("rights", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_series_rules"),
    )
    op.create_table(
        "takedowns",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("start_s", sa.BigInteger(), nullable=False),
        sa.Column("end_s", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_s", sa.BigInteger(), nullable=False),
        sa.Column("undone_s", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_takedowns"),
    )
    op.create_index("ix_takedowns_channel", "takedowns", ["channel"])


def _make_journal() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_table(
        "imports",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_s", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )


def downgrade() -> None:
    """Refuse: there is no form before the first."""
    raise RuntimeError("the first form of the database has none before it")
