"""Who a job of GitHub Actions is to Snowflake: the issuer of its token, and the subject that the token carries.

Repositories created, renamed or transferred since 2026-07-15 have their ids in the subject, older ones have not, and
only GitHub knows which is which: `gh api /repos/OWNER/REPO/actions/oidc/customization/sub --jq .sub_claim_prefix`.
https://docs.github.com/en/actions/reference/security/oidc
"""

import re
from dataclasses import dataclass

from deploy.errors import USAGE, DeployError

ISSUER = "https://token.actions.githubusercontent.com"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_PREFIX = re.compile(r"[\w.@/:+-]+")
_ISSUER = re.compile(r"https?://[\w.:/-]+")
_LONGEST_SUBJECT = 255


@dataclass(frozen=True)
class Workload:
    """A repository's jobs. Only those of an environment may sign in: each has a subject, and a user, of its own."""

    prefix: str
    issuer: str = ISSUER

    def subject(self, environment: str) -> str:
        """Return the `sub` of the jobs of a GitHub environment, which is named as ours is."""
        return f"{self.prefix}:environment:{environment}"


def of_repository(repository: str, owner_id: int | None = None, repository_id: int | None = None) -> str:
    """Return the prefix of a repository's subjects: with both ids the newer form, without them the older.

    Raises DeployError for what is no OWNER/REPO, and for one id without the other.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise DeployError(f"not a repository: {repository!r}", "pass --repository OWNER/REPO", USAGE)
    if (owner_id is None) != (repository_id is None):
        raise DeployError("one id without the other", "pass --owner-id and --repository-id, or neither", USAGE)
    owner, name = repository.split("/")
    return f"repo:{repository}" if owner_id is None else f"repo:{owner}@{owner_id}/{name}@{repository_id}"


def workload(prefix: str, issuer: str = ISSUER) -> Workload:
    """Return the workload of a prefix, checked. Raises DeployError for what GitHub would not say, or Snowflake take."""
    if not _PREFIX.fullmatch(prefix) or len(prefix) > _LONGEST_SUBJECT - len(":environment:local"):
        told = "gh api /repos/OWNER/REPO/actions/oidc/customization/sub --jq .sub_claim_prefix"
        raise DeployError(f"not the prefix of a subject: {prefix!r}", f"pass what this prints: {told}", USAGE)
    if not _ISSUER.fullmatch(issuer):
        raise DeployError(f"not the address of an issuer: {issuer!r}", f"leave --issuer out: it is {ISSUER}", USAGE)
    return Workload(prefix, issuer)
