"""What tables are made of: the collection of all, the JSON type, and columns that many have."""

from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.mysql import LONGTEXT

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Json(TypeDecorator[Any]):
    """A JSON document kept as text, equal on every database."""

    impl = Text().with_variant(LONGTEXT(), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Python value to text."""
        return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        """Text to Python value."""
        return None if value is None else orjson.loads(value)


# A number that grows by itself; SQLite does that for INTEGER only.
SERIAL = BigInteger().with_variant(Integer(), "sqlite")


def own_id() -> Column[str]:
    """The id of a resource."""
    return Column("id", String(36), primary_key=True)


def project() -> Column[str]:
    """Whose a resource is; '' is nobody's."""
    return Column("project_id", String(255), nullable=False, default="", index=True)


def standard(*, described_by: int = 255) -> tuple[Column[Any], ...]:
    """What every API resource has (the ``standard-attr-*`` extensions).

    Args:
        described_by: characters of its description, at most.
    """
    return (
        Column("description", String(described_by)),
        Column("created_at", String(20), nullable=False),
        Column("updated_at", String(20), nullable=False),
        Column("revision_number", BigInteger, nullable=False, default=0),
    )
