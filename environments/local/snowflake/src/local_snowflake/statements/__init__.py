"""From a statement's text to the handler that answers it."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..grammar.admission import admit
from ..kernel import pipes, rights
from ..kernel.blocks import BLOCK, has_body, opens, split
from ..kernel.errors import SnowflakeError, full_disk, invalid, syntax_error, unsupported
from ..kernel.executions import go_on
from ..kernel.kinds import Create, Kind, Show
from ..kernel.names import Name
from ..kernel.profile import GRAMMAR
from ..kernel.registry import features, features_of_verbs, kinds, queries, verbs
from ..kernel.result import MULTI, Result, rows, status
from ..kernel.tokens import Tokens
from ..sql import transactions, wide
from ..sql.binding import inlined, placeholders
from ..sql.nesting import too_complex
from ..sql.reading import folded, read_by
from ..sql.transforms import implicit

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..kernel.account import Account
    from ..kernel.catalogue import Object
    from ..kernel.session import Session

# What may stand before a kind; which of them its own kind has, its grammar says.
_MODIFIERS = {
    *("TEMP", "TEMPORARY", "TRANSIENT", "SECURE", "SCOPED", "LOCAL", "GLOBAL", "VOLATILE", "MANAGED", "RECURSIVE"),
    "AGGREGATE",
}
_LONGEST_WORD = 3  # words in the longest name of a kind or a verb


def run(session: Session, text: str, bindings: list[Any] | None = None, count: int = 1) -> Result:
    """Run a request's text: one statement, or as many as the request allows (0: any number).

    Raises:
        SnowflakeError: 000008 when there are more or fewer statements than the request says.

    """
    pieces = split(text)
    if not pieces:
        raise invalid("Empty SQL statement.", "000900", "42601")
    if count not in {0, len(pieces)}:
        what = f"Actual statement count {len(pieces)} did not match the desired statement count {count}."
        raise SnowflakeError(what, "000008", "0A000")
    if len(pieces) == 1 and count == 1:
        return statement(session, pieces[0], bindings)
    children, left, running = [], list(bindings or []), session.running
    for piece in pieces:
        go_on(running)
        mine = placeholders(piece)
        children.append(child(session, piece, left[:mine]))
        left = left[mine:]
    return replace(status("Multiple statements executed successfully.", MULTI), children=tuple(children))


def child(session: Session, text: str, bindings: list[Any] | None = None) -> Result:
    """Run a statement that is a part of another one; the next one may read its answer with RESULT_SCAN."""
    result = statement(session, text, bindings)
    session.account.results.keep(result, session.result_owner)
    session.last_query_id = result.query_id
    return result


def statement(session: Session, text: str, bindings: list[Any] | None = None, *, describe: bool = False) -> Result:
    """Run one statement, or only describe its result's columns.

    Raises:
        SnowflakeError: as Snowflake would; what the local account does not support is refused by name.

    """
    if session.account.recorder:
        session.account.recorder.statement(session.parameters["QUERY_TAG"], text)
    try:
        return _answered(session, text, bindings, describe=describe)
    except RecursionError as error:
        raise too_complex() from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise full_disk() from error


def _answered(session: Session, text: str, bindings: list[Any] | None, *, describe: bool) -> Result:
    settings = session.parameters
    with session.account.remains.read_by(session):
        if settings.plain:
            return _statement(session, text, bindings, describe=describe)
        if settings["QUOTED_IDENTIFIERS_IGNORE_CASE"]:
            text = folded(text)
        with read_by(settings), transactions.aborted_by_errors(session, text):
            return _statement(session, text, bindings, describe=describe)


def _statement(session: Session, text: str, bindings: list[Any] | None, *, describe: bool) -> Result:
    tokens = Tokens(text, bindings)
    if pipes.PIPE in text and not opens(tokens) and not has_body(tokens):
        tokens = _piped(session, tokens)
    verb = verb_of(tokens)
    if verb in verbs() and verb not in verbs(session.account.lacking):
        tokens.accept(*verb.split(" ")[:-1])
        raise _refused(features_of_verbs()[verb], tokens)
    if session.owners_rights:
        rights.check(session, verb, tokens)
    if verb in queries():
        return wide.attempted(session, lambda: implicit.attempted(lambda: queries()[verb](session, tokens, describe)))
    if describe and verb.split(" ")[0] not in _LISTING:
        return rows(["status"], [])
    if verb in _DEFINING:
        transactions.commit(session)
    handler = OBJECT_VERBS.get(verb) or verbs()[verb]
    if verb not in OBJECT_VERBS:  # those are admitted once their kind is known
        admit(tokens, verb)
    if verb == "CREATE":  # of a query: a table, a view
        result = wide.attempted(session, lambda: implicit.attempted(lambda: _create(session, _after(tokens, verb))))
    elif verb == "COPY INTO":
        result = wide.attempted(session, lambda: handler(session, _after(tokens, verb)))
    else:
        result = handler(session, _after(tokens, verb))
    return replace(result, rows=result.rows.slice(0, 0)) if describe else result


def _after(tokens: Tokens, verb: str) -> Tokens:
    """The statement from what follows its verb."""
    found = Tokens(tokens.text, tokens.bindings)
    found.accept(*verb.split(" "))
    return found


def _piped(session: Session, tokens: Tokens) -> Tokens:
    """The last statement of a chain, once those before it have run."""
    text = inlined(tokens.text, tokens.bindings) if tokens.bindings else tokens.text
    *earlier, last = pipes.parts(text)
    answers: list[str] = []
    for part in earlier:
        answers.append(child(session, pipes.filled(part, answers)).query_id)
    return Tokens(pipes.filled(last, answers))


def verb_of(tokens: Tokens) -> str:
    """The words that say what a statement does.

    Raises:
        SnowflakeError: 001003 for a statement that the account does not answer.

    """
    verb = known_verb(tokens)
    if verb is None:
        raise _unknown(tokens)
    return verb


def known_verb(tokens: Tokens) -> str | None:
    """The words that say what a statement does; None when the account answers none such."""
    if opens(tokens):
        return BLOCK
    known = queries().keys() | verbs().keys() | OBJECT_VERBS.keys()
    return _longest(tokens, known) or None


def _longest(tokens: Tokens, known: Collection[str]) -> str:
    beginnings = (" ".join(tokens.peek(i).upper for i in range(words)) for words in range(_LONGEST_WORD, 0, -1))
    return next((words for words in beginnings if words in known), "")


# Statements that change nothing: to describe one is to run it and leave the rows out.
_LISTING = {"SHOW", "DESCRIBE", "DESC", "LIST", "LS"}
# Statements that define objects end the open transaction, and cannot be rolled back.
_DEFINING = {"CREATE", "ALTER", "DROP"}


def _unknown(tokens: Tokens) -> SnowflakeError:
    if tokens.peek().kind == "word":
        return syntax_error(
            f"line 1 at position 0 unexpected '{tokens.peek().text}': the local Snowflake does not answer this "
            f"statement.\nStatement: {' '.join(tokens.text.split())[:300]}"
        )
    return tokens.unexpected()  # type: ignore[return-value]


def _kind(account: Account, tokens: Tokens, verb: str) -> Kind:
    """The kind that stands next, in a statement that keeps to its grammar."""
    found = kind_named(account, tokens)
    if found is None:
        raise refused_kind(account, tokens) or unsupported(" ".join(tokens.text.split())[:300])
    kind, words = found
    admit(tokens, key_of(verb, kind))
    tokens.accept(*words)
    return kind


def kind_named(account: Account, tokens: Tokens) -> tuple[Kind, list[str]] | None:
    """The kind whose name stands next, and the words of the name; None for one that the account does not know."""
    word = _longest(tokens, kinds())
    return (kinds()[word], word.split(" ")) if word and features().get(word) not in account.lacking else None


def refused_kind(account: Account, tokens: Tokens) -> Exception | None:
    """What the account says to a kind that stands next and whose feature it lacks; None for any other."""
    word = _longest(tokens, kinds())
    feature = features().get(word, "")
    if feature not in account.lacking:
        return None
    tokens.accept(*word.split(" ")[:-1])
    return _refused(feature, tokens)


def _refused(feature: str, tokens: Tokens) -> Exception:
    """A grammar that lacks the feature does not know its words; an account that was not given it refuses it."""
    return tokens.unexpected() if feature in GRAMMAR else unsupported(feature)


def key_of(verb: str, kind: Kind) -> str:
    """What the grammar of a statement is called."""
    singular, plural = kind.grammar or (kind.word, kind.plural)
    return f"{verb} {plural if verb == 'SHOW' else singular}"


def head_of(tokens: Tokens) -> Create:
    """What stands between CREATE and the kind."""
    head = Create(or_replace=tokens.accept("OR", "REPLACE"), or_alter=tokens.accept("OR", "ALTER"))
    modifiers = set()
    while tokens.peek().upper in _MODIFIERS:
        modifiers.add(tokens.take().upper)
    return replace(head, modifiers=frozenset(modifiers))


def _create(session: Session, tokens: Tokens) -> Result:
    head = head_of(tokens)
    kind = _kind(session.account, tokens, "CREATE")
    exists = tokens.accept("IF", "NOT", "EXISTS")
    return kind.create(session, replace(head, if_not_exists=exists), tokens)


def _alter(session: Session, tokens: Tokens) -> Result:
    kind = _kind(session.account, tokens, "ALTER")
    exists = tokens.accept("IF", "EXISTS")
    name = kind.read_name(session, tokens)
    if exists and session.find(kind.word, name) is None:
        return status("Statement executed successfully.")
    return kind.alter(session, name, tokens)


def _drop(session: Session, tokens: Tokens) -> Result:
    kind = _kind(session.account, tokens, "DROP")
    exists = tokens.accept("IF", "EXISTS")
    name = kind.read_name(session, tokens)
    if exists and session.find(kind.word, name) is None:
        return status(f"Drop statement executed successfully ({name.name} already dropped).")
    return kind.drop(session, name, tokens)


def _describe(session: Session, tokens: Tokens) -> Result:
    kind = _kind(session.account, tokens, "DESCRIBE")
    name = kind.read_name(session, tokens)
    return kind.describe(session, session.get(kind.word, name), tokens)


def _show(session: Session, tokens: Tokens) -> Result:
    terse = tokens.accept("TERSE")
    kind = _kind(session.account, tokens, "SHOW")
    return kind.show(session, read_show(session, tokens, kind, terse=terse))


def read_show(session: Session, tokens: Tokens, kind: Kind, *, terse: bool = False) -> Show:
    """The filters of a SHOW statement, in whatever order Snowflake accepts."""
    show = Show(terse=terse, within=_default_scope(session, kind))
    while not tokens.done:
        if tokens.accept("LIKE"):
            show = replace(show, like=tokens.value())
        elif kind.about and (thing := _about(session, tokens, kind)):
            show = replace(show, about=thing)
        elif words := next((each for each in kind.filters if tokens.accept(*each.split())), ""):
            show = replace(show, extra=show.extra | {words})
        elif tokens.accept("IN"):
            show = replace(show, within=_scope(session, tokens))
        elif tokens.accept("STARTS", "WITH"):
            show = replace(show, starts_with=tokens.value())
        elif tokens.accept("LIMIT"):
            show = replace(show, limit=int(tokens.value()))
        elif tokens.accept("FROM"):
            show = replace(show, after=tokens.value())
        else:
            raise unsupported(f"SHOW {kind.plural} ... {tokens.rest[:100]}")
    return show


def _about(session: Session, tokens: Tokens, kind: Kind) -> Object | None:
    """`IN TASK t`, `FOR TASK t`: the object that SHOW is about, where its kind knows such."""
    for words, word in kind.about.items():
        if tokens.accept("IN", words) or tokens.accept("FOR", words):
            return session.get(word, kinds()[word].read_name(session, tokens))
    return None


def _default_scope(session: Session, kind: Kind) -> Name | None:
    if kind.scope == "account" or not session.database:
        return None
    if kind.scope == "database" or not session.schema:
        return Name("", "", session.database)
    return Name(session.database, "", session.schema)


def _scope(session: Session, tokens: Tokens) -> Name | None:
    if tokens.accept("ACCOUNT") or tokens.accept("SESSION"):
        return None
    if tokens.accept("DATABASE"):
        name = tokens.identifier() if tokens.peek().kind in {"word", "quoted"} else session.database or ""
        return _checked(session, Name("", "", name))
    if tokens.accept("SCHEMA") and tokens.peek().kind not in {"word", "quoted", "string"}:
        return _checked(session, Name(session.database or "", "", session.schema or ""))
    parts = tokens.name()
    if len(parts) > 1:
        return _checked(session, Name(parts[-2], "", parts[-1]))
    as_schema = Name(session.database or "", "", parts[0])
    is_schema = session.account.catalogue.find("SCHEMA", as_schema)
    return _checked(session, as_schema if is_schema else Name("", "", parts[0]))


def _checked(session: Session, container: Name) -> Name:
    session.check_container(
        Name(container.database or container.name, container.name if container.database else "", "")
    )
    return container


OBJECT_VERBS = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "SHOW": _show,
}
