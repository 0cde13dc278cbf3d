"""What a team is called: the names in environments/*.toml, the project and its owners, written in one go.

Every answer is checked before the first file is written: the new files are made in a folder of their own, read as any
command reads them, and the SQL of every environment is made of them. Comments, order and layout stay as they are, and
so does the frame's package in src/: a merge from upstream meets only lines that a team changes anyway.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import chain
from deploy.errors import USAGE, DeployError, listed
from deploy.setup import bootstrap, made
from ml_pipeline import config
from ml_pipeline.values import ConfigError

LONGEST = 255
"""Characters of a name in Snowflake: https://docs.snowflake.com/en/sql-reference/identifiers"""
# https://docs.snowflake.com/en/sql-reference/reserved-keywords
RESERVED = re.compile(
    r"ACCOUNT|ALL|ALTER|AND|ANY|AS|BETWEEN|BY|CASE|CAST|CHECK|COLUMN|CONNECT|CONNECTION|CONSTRAINT|CREATE|CROSS|"
    r"CURRENT|CURRENT_DATE|CURRENT_TIME|CURRENT_TIMESTAMP|CURRENT_USER|DATABASE|DELETE|DISTINCT|DROP|ELSE|EXISTS|"
    r"FALSE|FOLLOWING|FOR|FROM|FULL|GRANT|GROUP|GSCLUSTER|HAVING|ILIKE|IN|INCREMENT|INNER|INSERT|INTERSECT|INTO|"
    r"IS|ISSUE|JOIN|LATERAL|LEFT|LIKE|LOCALTIME|LOCALTIMESTAMP|MINUS|NATURAL|NOT|NULL|OF|ON|OR|ORDER|ORGANIZATION|"
    r"QUALIFY|REGEXP|REVOKE|RIGHT|RLIKE|ROW|ROWS|SAMPLE|SCHEMA|SELECT|SET|SOME|START|TABLE|TABLESAMPLE|THEN|TO|"
    r"TRIGGER|TRUE|TRY_CAST|UNION|UNIQUE|UPDATE|USING|VALUES|VIEW|WHEN|WHENEVER|WHERE|WINDOW|WITH"
)
_PREFIX = re.compile(r'^database\s*=\s*"([A-Z_][A-Z0-9_$]*)_\{ENVIRONMENT\}"', re.MULTILINE)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OWNER = re.compile(r"@[\w-]+(?:/[\w.-]+)?|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_OWNED = re.compile(r"^(?:# )?(/\S+)(\s+)\S.*$")
_BRANCHES = re.compile(r"^(    branches: )\[[^\]]*\]", re.MULTILINE)
_BASE, _PROJECT, _OWNERS = f"environments/{config.BASE}.toml", "pyproject.toml", ".github/CODEOWNERS"
_PACKAGES = re.compile(r'^(module-name = \["ml_pipeline", )"[^"]*"', re.MULTILINE)
_WORKFLOWS = (".github/workflows/cd.yml", ".github/workflows/scorecard.yml")

# Each answer: where it stands in base.toml, and the question.
_SETTINGS = {
    "graph": ("graph", "name", "the task graph"),
    "model": ("pipeline.registry", "model", "the model"),
    "owner": ("governance", "owner", "the owner, as a tag"),
    "cost_center": ("governance", "cost_center", "the cost center, as a tag"),
    "branch": ("delivery", "branch", "the default branch"),
    "package": ("pipeline", "package", "the package in src/ that declares data and model"),
}
QUESTIONS = {"prefix": "the prefix of every name in Snowflake, such as ACME of ACME_DEV"} | {
    name: question for name, (_, _, question) in _SETTINGS.items()
}
QUESTIONS |= {
    "project": "the project, in a few words",
    "code_owners": "who reviews changes, such as @acme/data-science",
}


@dataclass(frozen=True)
class Project:
    """The files of a checkout that hold names."""

    folder: Path

    def text(self, file: str) -> str:
        """Return a file's text. Raises DeployError for one that is not there, or not UTF-8."""
        try:
            return (self.folder / file).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DeployError(f"cannot read {file}: {error}", f"git checkout -- {file}") from error

    @property
    def answers(self) -> dict[str, str]:
        """Return what the team is called now."""
        base = self.text(_BASE)
        found = _PREFIX.search(base)
        if found is None:
            remedy = f'write it so in {_BASE}: database = "ACME_{{ENVIRONMENT}}"'
            raise DeployError(f"{_BASE}: database is no prefix with _{{ENVIRONMENT}}", remedy)
        settings = {name: _get(base, table, key) for name, (table, key, _) in _SETTINGS.items()}
        owners = [line for line in self.text(_OWNERS).splitlines() if line.startswith("/")]
        return {
            "prefix": found[1],
            **settings,
            "project": _get(self.text(_PROJECT), "project", "description"),
            "code_owners": " ".join(owners[0].split()[1:]) if owners else "",
        }

    def changed(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Return the files that other answers change, with their new text."""
        old, new = self.answers, {name: value.strip() for name, value in answers.items()}
        files = {f"environments/{path.name}": "" for path in sorted((self.folder / "environments").glob("*.toml"))}
        texts = {file: self.text(file) for file in [*files, _PROJECT, _OWNERS, *_WORKFLOWS]}
        before, after = (f'"{each["prefix"]}_{{ENVIRONMENT}}' for each in (old, new))
        made_of = {file: text.replace(before, after) if file in files else text for file, text in texts.items()}
        for name, (table, key, _) in _SETTINGS.items():
            made_of[_BASE] = _set(made_of[_BASE], table, key, new[name])
        made_of[_PROJECT] = _set(made_of[_PROJECT], "project", "description", new["project"])
        made_of[_PROJECT] = _PACKAGES.sub(rf'\g<1>"{new["package"]}"', made_of[_PROJECT])
        if new["code_owners"] != old["code_owners"]:
            made_of[_OWNERS] = _owned(made_of[_OWNERS], new["code_owners"])
        for file in _WORKFLOWS:
            made_of[file] = _BRANCHES.sub(rf"\g<1>[{new['branch']}]", made_of[file])
        return {file: text for file, text in made_of.items() if text != texts[file]}


def apply(project: Project, answers: Mapping[str, str]) -> tuple[str, ...]:
    """Write the answers into the project and return the files that changed, once all of them are checked."""
    _check_texts(answers)
    _check_package(project, answers["package"])
    changed = project.changed(answers)
    _check(project, changed)
    for file, text in changed.items():
        (project.folder / file).write_bytes(text.encode("utf-8"))
    return tuple(changed)


def _check_texts(answers: Mapping[str, str]) -> None:
    """Raise DeployError for what no file of the configuration could tell: what would break its text, or means SQL."""
    for name in ("prefix", "graph", "model"):
        if not answers[name]:
            raise DeployError(f"--{name} is empty: expected an upper case Snowflake name", f"pass --{name} ACME", USAGE)
        if RESERVED.fullmatch(answers[name].upper()):
            raise DeployError(f"--{name} {answers[name]}: a reserved word of SQL", f"pass another --{name}", USAGE)
    for name, value in answers.items():
        if re.search(r'["\\\x00-\x1f\x7f{}]', value):
            option = name.replace("_", "-")
            cause = f"--{option} {value!r}: quotes, backslashes, braces and control characters cannot be in it"
            raise DeployError(cause, f"pass another --{option}", USAGE)
    owners = answers["code_owners"].split()
    if wrong := [each for each in owners if not _OWNER.fullmatch(each)]:
        cause = f"--code-owners {' '.join(wrong)}: not @user, @organization/team or an e-mail address"
        raise DeployError(cause, "pass --code-owners @acme/data-science", USAGE)


def _check_package(project: Project, package: str) -> None:
    """Raise DeployError unless src/ has the package."""
    if not (project.folder / "src" / package / "model.py").is_file():
        cause = f"--package {package}: there is no src/{package}/model.py, which declares data and model"
        raise DeployError(cause, "docs/your-own-pipeline.md shows what is in it", USAGE)


def _check(project: Project, changed: Mapping[str, str]) -> None:
    """Raise DeployError unless the changed files give environments whose names are right, and all different."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "environments"
        shutil.copytree(project.folder / "environments", folder, ignore=lambda _, names: _not_read(names))
        for file, text in changed.items():
            if file.startswith("environments/"):
                (folder.parent / file).write_text(text, encoding="utf-8")
        try:
            chain.read(folder)
            known = [config.load(name, folder) for name in config.environments(folder)]
        except (ConfigError, chain.ChainError) as error:
            raise DeployError(
                str(error).replace("\nnext: ", "; "), "pass another name: --help lists the options", USAGE
            ) from error
    owners: dict[str, list[str]] = {}
    for environment in known:
        for each in made.objects(bootstrap.scripts(environment)):
            if len(each.name.split(".")[-1]) > LONGEST:
                cause = f"{each.kind} {each.name}: a name in Snowflake has at most {LONGEST} characters"
                raise DeployError(cause, "pass a shorter --prefix", USAGE)
        owners.setdefault(environment.snowflake.database, []).append(environment.name)
    if shared := [f"{database}: {' and '.join(of)}" for database, of in owners.items() if len(of) > 1]:
        remedy = "rename one of the files, or give it a database of its own"
        raise DeployError(listed("environments would share a database", shared), remedy, USAGE)


def _not_read(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith((".toml", ".sql")) and name != "sql"]


def _line_of(text: str, table: str, key: str) -> tuple[list[str], int]:
    lines, current = text.splitlines(keepends=True), ""
    for number, line in enumerate(lines):
        if header := re.match(r"\[([\w.]+)\]", line):
            current = header[1]
        elif current == table and re.match(rf"{re.escape(key)}\s*=", line):
            return lines, number
    raise DeployError(f'there is no "{key}" in [{table}]', "git checkout -- environments pyproject.toml")


def _get(text: str, table: str, key: str) -> str:
    lines, number = _line_of(text, table, key)
    found = _TEXT.search(lines[number])
    return found[1] if found else ""


def _set(text: str, table: str, key: str, value: str) -> str:
    lines, number = _line_of(text, table, key)
    lines[number] = _TEXT.sub(lambda _: f'"{value}"', lines[number], count=1)
    return "".join(lines)


def _owned(text: str, owners: str) -> str:
    """Return CODEOWNERS with these owners of every path that it names; without any, the lines are comments."""
    lines = []
    for line in text.splitlines(keepends=True):
        found = _OWNED.match(line.rstrip("\r\n"))
        ending = line[len(line.rstrip("\r\n")) :]
        lines.append(f"{found[1]}{found[2]}{owners}{ending}" if found and owners else line)
    return "".join(lines)


def ask(project: Project, given: Mapping[str, str | None], read: Callable[[str], str] | None) -> dict[str, str]:
    """Return the answers: those that are given, and the others as they are, or as a person answers when asked."""
    now = project.answers
    answers = {}
    for name, question in QUESTIONS.items():
        value = given.get(name)
        if value is None and read is not None:
            value = read(f"{question} [{now[name]}]: ").strip() or None
        answers[name] = now[name] if value is None else value.strip()
    return answers
