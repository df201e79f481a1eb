"""One way in which answers differ from those of the reference on purpose."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What we answer to some requests instead.

    Args:
        requests: each as ``area/label``.
        why: the reason.
        status, error: what we answer; None if it is as recorded.
        like: another request, with whose keys we answer.
        more, fewer: keys that are in our answer alone, in the recorded one alone.
        names: of the things in our list.
        values: those that the request asks for.
    """

    requests: tuple[str, ...]
    why: str
    status: int | None = None
    error: str | None = None
    like: str | None = None
    more: tuple[str, ...] = ()
    fewer: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None
    values: tuple[str, ...] | None = None
