"""Database URLs as operators write them, with the driver chosen and the options completed."""

import importlib.util

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from deuteron.errors import StartError

# A server that has gone without a word is noticed within a minute.
_POSTGRESQL = {
    "connect_timeout": "10",
    "client_encoding": "utf8",
    "keepalives_idle": "30",
    "tcp_user_timeout": "60000",
    "application_name": "deuteron",
}


def parsed_url(url: str) -> tuple[URL, str]:
    """The URL with its driver chosen and its options completed.

    Args:
        url: as an operator writes it, with the drivers and options that Neutron's documentation
            has used over the years (``mysql+pymysql://``, ``?charset=utf8``).

    Returns:
        The URL for SQLAlchemy, and SQLite's ``synchronous``, an option of ours: with
        ``?synchronous=FULL`` every commit survives a power cut, see docs/database.md.

    Raises:
        StartError: it is no URL, or of a database or driver that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StartError(
            msg="[database] connection is not a URL such as sqlite:////var/lib/deuteron/db.sqlite,"
            " mysql://user:password@host/name or postgresql://user:password@host/name"
        ) from error
    backend, _, driver = parsed.drivername.partition("+")
    if backend != "sqlite" and not parsed.database:
        raise StartError(
            msg="[database] connection names no database: end it with one, as in "
            "mysql://user:password@host/name"
        )
    match backend:
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StartError(
                    msg="[database] connection must name a file: sqlite:////folder/name.sqlite"
                )
            synchronous = str(parsed.query.get("synchronous", "NORMAL")).upper()
            if synchronous not in {"NORMAL", "FULL", "EXTRA"}:
                raise StartError(
                    msg="[database] connection has synchronous="
                    f"{synchronous}: it can be NORMAL, FULL or EXTRA"
                )
            parsed = parsed.difference_update_query(["synchronous"])
            return parsed.set(drivername="sqlite"), synchronous
        case "mysql" | "mariadb":
            chosen = _mysql_driver(driver)
            parsed = parsed.set(drivername=f"mysql+{chosen}")
            if str(parsed.query.get("charset", "utf8")) in {"utf8", "utf8mb3"}:
                # What Neutron's documentation says, but it holds three-byte characters only.
                parsed = parsed.update_query_dict({"charset": "utf8mb4"})
            return _with_defaults(parsed, {"connect_timeout": "10", "read_timeout": "90"}), ""
        case "postgresql" | "postgres":
            return _with_defaults(parsed.set(drivername="postgresql+psycopg"), _POSTGRESQL), ""
        case _:
            raise StartError(
                msg=f"[database] connection is of the kind {backend!r}; supported are sqlite, "
                "mysql (MariaDB too) and postgresql"
            )


def _mysql_driver(asked: str) -> str:
    modules = {"mysqldb": "MySQLdb", "pymysql": "pymysql"}
    if asked and asked not in modules:
        raise StartError(
            msg=f"[database] connection names the driver {asked!r}; supported are "
            "mysql+mysqldb (mysqlclient) and mysql+pymysql"
        )
    for driver, module in modules.items():
        if asked in {"", driver} and importlib.util.find_spec(module):
            return driver
    raise StartError(
        msg="[database] connection is of MySQL, but its driver is not installed: "
        "pip install PyMySQL (or mysqlclient)"
    )


def _with_defaults(url: URL, options: dict[str, str]) -> URL:
    return url.update_query_dict({k: v for k, v in options.items() if k not in url.query})
