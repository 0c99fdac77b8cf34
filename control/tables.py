"""The tables of the control room's database.

Times are UNIX seconds, text is NFC.  A change here needs a step in ``control/migrations`` (a test
compares the two).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

__all__ = [
    "METADATA",
    "audit",
    "decisions",
    "imports",
    "programmes",
    "series_rules",
    "takedowns",
    "versions",
]

METADATA: Final = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)

_Number: Final = BigInteger().with_variant(Integer, "sqlite")

programmes: Final = Table(
    "programmes",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("start_s", BigInteger, nullable=False),
    Column("end_s", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("subtitle", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("categories", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("series", String(64), nullable=False),
    Column("image", Text, nullable=False),
    Index(None, "channel", "start_s"),
    Index(None, "series"),
)
"""The guide as imported; ``categories`` is a JSON list."""

decisions: Final = Table(
    "decisions",
    METADATA,
    Column("programme", String(64), primary_key=True),
    Column("rights", String(32)),
    Column("series", String(64)),
    Column("as_run_start_s", BigInteger),
    Column("as_run_end_s", BigInteger),
)
"""What operators said of a programme.  Apart from it and without a foreign key, so that a decision
outlives a guide in which its programme is missing for once."""

series_rules: Final = Table(
    "series_rules",
    METADATA,
    Column("series", String(64), primary_key=True),
    Column("rights", String(32), nullable=False),
)

takedowns: Final = Table(
    "takedowns",
    METADATA,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("start_s", BigInteger, nullable=False),
    Column("end_s", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_s", BigInteger, nullable=False),
    Column("undone_s", BigInteger),
    Index(None, "channel"),
)

audit: Final = Table(
    "audit",
    METADATA,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("at_s", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
)
"""Who changed what, when, from what, to what (both JSON).  Triggers refuse changes to its rows."""

imports: Final = Table(
    "imports",
    METADATA,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("at_s", BigInteger, nullable=False),
    Column("who", String(200), nullable=False),
    Column("name", Text, nullable=False),
    Column("result", String(16), nullable=False),
)
"""Every import that was tried, for the metrics."""

versions: Final = Table(
    "versions",
    METADATA,
    Column("channel", String(32), primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""One row a channel, raised in the transaction that changes anything of it."""
