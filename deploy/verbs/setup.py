"""The verbs that set an account and a repository up, and the one that looks whether all of it is there."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from dag import pem
from deploy.account.connection import open_connection
from deploy.errors import FAILED, OK, USAGE, DeployError
from deploy.setup import bootstrap as scripts
from deploy.setup import claims, costs, naming, removal
from deploy.setup import doctor as checks
from deploy.setup import github as repositories
from deploy.verbs.call import Call, Outcome


def bootstrap(call: Call) -> Outcome:
    """Run the administrator's SQL, or print it."""
    options = call.options
    jobs = _workload(options)
    models_of = call.named(options.copy_models_from) if options.copy_models_from else None
    texts = scripts.scripts(call.environment, _public_key(options.public_key), jobs, options.without, models_of)
    if options.print_removal:
        text = removal.script(call.environment, call.others)
        return Outcome({"removal": text}, text)
    expected = costs.lines(call.environment, texts)
    if options.print:
        shown = "\n".join(f"-- {line}" for line in expected)
        return Outcome({"scripts": texts, "costs": expected}, "\n".join((shown, *texts.values())))
    for line in expected:
        call.say(line)
    with open_connection(scripts.as_administrator(call.environment)) as connection:
        if jobs and not options.take_over:
            claims.refuse_others(connection, call.environment, jobs)
        scripts.bootstrap(connection, texts, call.say, scripts.from_share(call.environment), call.environment.name)
    subject = jobs.subject(call.environment.name) if jobs else ""
    keyless = f"; its service user is {subject}" if jobs else ""
    return Outcome({"ran": list(texts), "subject": subject}, f"{call.environment.name} is set up{keyless}")


def _workload(options: argparse.Namespace) -> repositories.Workload | None:
    """Return whose jobs are the service user, if the options say so."""
    prefix = options.subject_prefix
    if options.repository:
        if prefix:
            raise DeployError("both a repository and a prefix", "pass --subject-prefix or --repository", USAGE)
        prefix = repositories.of_repository(options.repository, options.owner_id, options.repository_id)
    elif options.owner_id is not None or options.repository_id is not None:
        raise DeployError("ids without their repository", "pass --repository OWNER/REPO, too", USAGE)
    return repositories.workload(prefix, options.issuer or repositories.ISSUER) if prefix else None


def _public_key(path: Path | None) -> str:
    if path is None:
        return os.environ.get("SNOWFLAKE_PUBLIC_KEY", "")
    try:
        return pem.read(path, "--public-key", public=True)
    except pem.PemError as error:
        raise DeployError(str(error), error.remedy) from error


def github(call: Call, variables: Mapping[str, str] = os.environ) -> Outcome:
    """Set the repository up on GitHub, or print the commands that do."""
    options = call.options
    repository = options.repository or variables.get("GITHUB_REPOSITORY", "")
    given = options.account or [variables.get("SNOWFLAKE_ACCOUNT", "")]
    main = call.named(call.chain.first).delivery.branch
    commands = repositories.commands(repository, call.chain, main, given, options.reviewer, options.without)
    lines = [command.text for command in commands]
    if not options.print:
        repositories.run(commands, call.say)
    return Outcome({"commands": lines}, "\n".join(lines) if options.print else f"{repository} is set up")


def init(call: Call) -> Outcome:
    """Write what a team is called into the files, once every answer is checked."""
    project = naming.Project(call.project)
    given = {name: vars(call.options)[name] for name in naming.QUESTIONS}
    asking = sys.stdin.isatty() and not call.options.json and all(value is None for value in given.values())
    answers = naming.ask(project, given, input if asking else None)
    changed = naming.apply(project, answers)
    text = f"wrote {', '.join(changed)}\nnext: make lint test" if changed else "nothing to change"
    return Outcome({"answers": answers, "changed": list(changed)}, text)


def chain(call: Call) -> Outcome:
    """Show the chain of deliveries."""
    return Outcome(call.chain.to_dict(), call.chain.text)


def doctor(call: Call) -> Outcome:
    """Look at everything that a delivery needs, and change nothing."""
    found = checks.examine(call.environment, call.chain)
    return Outcome(checks.to_dict(found), checks.text(found), OK if all(check.ok for check in found) else FAILED)
