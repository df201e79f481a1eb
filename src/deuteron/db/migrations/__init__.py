"""The history of the tables, one revision after the other; applied by `deuteron.db.schema`.

    tables.py changes  ->  python -m deuteron.db.migrations "Add what it adds"
                       ->  review versions/NNNN_*.py, name it in schema.REVISIONS

A released revision is never edited. A test holds the history and `METADATA` to the same tables on
SQLite, MariaDB and PostgreSQL.
"""
