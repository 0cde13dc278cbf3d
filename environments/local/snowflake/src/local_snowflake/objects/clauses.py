"""What statements about several account objects have in common: options beside tags, and what SET and UNSET leave."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..kernel.kinds import read_tags
from . import options

if TYPE_CHECKING:
    from ..kernel.catalogue import Object
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


def with_tags(session: Session, tokens: Tokens, word: str, known: dict[str, str]) -> dict[str, Any]:
    """Options and the clause TAG, in whatever order, up to the end; the tags under "tags"."""
    given: dict[str, Any] = {}
    while not tokens.done:
        if tokens.accept("TAG", "(") or tokens.accept("WITH", "TAG", "("):
            given["tags"] = read_tags(session, tokens)
            tokens.expect(")")
        else:
            tokens.accept("WITH")
            given |= options.properties(session, word, tokens.options("TAG", "WITH"), known)
    return given


def merged(thing: Object, changes: dict[str, Any], gone: set[str]) -> Object:
    """The object as SET and UNSET leave it."""
    kept = {key: value for key, value in {**thing.properties, **changes}.items() if key not in {*gone, "comment"}}
    comment = "" if "comment" in gone else changes.get("comment", thing.comment)
    return replace(thing, properties=kept, comment=comment)
