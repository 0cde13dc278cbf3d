"""The verb that looks at the versions of the model, and chooses which of them is in use, or is copied."""

import argparse

from deploy import model as models
from deploy.errors import USAGE, DeployError
from deploy.verbs.call import Call, Outcome


def model(call: Call) -> Outcome:
    """Show the versions, once the one that is asked for is in use, or copied."""
    environment, options = call.environment, call.options
    _check(options)
    did = ""
    with call.connection("model") as connection:
        if options.copy_from:
            source, use = call.named(options.copy_from), options.use is not None
            did = models.copy(connection, source, environment, options.version, use=use).text
        found = models.versions(connection, environment)
        if not did and (options.use or options.back):
            version = models.chosen(found, options.use or "", environment)
            if statements := models.putting(found, version, environment, back=options.back):
                connection.run(statements)
                found = models.versions(connection, environment)
    values = {"versions": [version.to_dict() for version in found]}
    if did:
        return Outcome({"did": did, **values}, f"{did}\n{models.text(found)}")
    return Outcome(values, models.text(found))


def _check(options: argparse.Namespace) -> None:
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
