"""The verb that looks at the versions of the model, and chooses which of them is in use, or is copied."""

from typing import TYPE_CHECKING

from deploy import copying
from deploy import model as versions
from deploy.account import connection as requests
from deploy.errors import USAGE, DeployError
from deploy.verbs.outcome import Outcome

if TYPE_CHECKING:
    import argparse

    from deploy.account.connection import Connection
    from deploy.verbs.deliver import Call


def model(call: "Call") -> Outcome:
    """Show the versions, once the one that is asked for is in use, or copied."""
    environment, options = call.environment, call.options
    _check(options)
    with requests.open_connection(environment) as connection, connection.step("model"):
        done = _copied(call, connection) if options.copy_from else None
        found = versions.versions(connection, environment)
        if not done and (options.use or options.back):
            versions.use(connection, environment, versions.chosen(found, options.use, environment))
            found = versions.versions(connection, environment)
    values = {"versions": [version.to_dict() for version in found]}
    if done:
        return Outcome({"did": done.text, **values}, f"{done.text}\n{versions.text(found)}")
    return Outcome(values, versions.text(found))


def _check(options: "argparse.Namespace") -> None:
    """Refuse what argparse cannot: what belongs to copying, without it, and the other way round."""
    if options.copy_from and options.back:
        raise DeployError("--back and --copy-from are two things to do", "pass one of them", USAGE)
    if options.version and not options.copy_from:
        raise DeployError("--version names what is to be copied", "pass --copy-from ENV, or --use VERSION", USAGE)
    if options.use == "" and not options.copy_from:
        raise DeployError("--use names no version", "pass --use VERSION", USAGE)
    if options.use and options.copy_from:
        raise DeployError(
            "--version names what is to be copied, and --use puts that in use", "leave its value out", USAGE
        )


def _copied(call: "Call", connection: "Connection") -> copying.Copy:
    options = call.options
    return copying.copy(
        connection, call.other(options.copy_from), call.environment, options.version, use=options.use is not None
    )
