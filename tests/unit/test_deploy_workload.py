"""Who a job is: both forms of a subject, and nothing that GitHub would not say."""

import pytest

from deploy.errors import DeployError
from deploy.setup.github import of_repository, workload
from tests.conftest import main


def test_the_older_subject_has_no_ids_and_the_newer_has_both():
    assert workload(of_repository("acme/ml")).subject("dev") == "repo:acme/ml:environment:dev"
    assert workload(of_repository("acme/ml", 1, 2)).subject("prod") == "repo:acme@1/ml@2:environment:prod"


@pytest.mark.parametrize("repository", ["acme", "acme/ml/x", "acme/ml'", "https://github.com/acme/ml", ""])
def test_what_is_no_repository_is_refused(repository):
    with pytest.raises(DeployError, match="not a repository"):
        of_repository(repository)


@pytest.mark.parametrize("prefix", ["", "repo:acme/ml'); DROP USER x; --", "repo:acme/ml:*\n", "x" * 250])
def test_what_is_no_prefix_is_refused(prefix):
    with pytest.raises(DeployError, match="not the prefix of a subject"):
        workload(prefix)


def test_an_issuer_is_an_address():
    with pytest.raises(DeployError, match="not the address of an issuer"):
        workload("repo:acme/ml", "token.actions'")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--repository", "acme/ml", "--owner-id", "1"], "one id without the other"),
        (["--owner-id", "1", "--repository-id", "2"], "ids without their repository"),
        (["--repository", "acme/ml", "--subject-prefix", "repo:acme/ml"], "both a repository and a prefix"),
        (["--repository", "acme"], "not a repository"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, said, capsys):
    assert main(["bootstrap", "--env", "dev", "--print", *options]) == 2
    assert said in capsys.readouterr().err


def test_the_printed_sql_names_the_subject(capsys):
    options = ["--repository", "acme/ml", "--owner-id", "1", "--repository-id", "2", "--issuer", "https://ghe.acme.com"]
    assert main(["bootstrap", "--env", "prod", "--print", *options]) == 0
    printed = capsys.readouterr().out
    assert "SUBJECT = 'repo:acme@1/ml@2:environment:prod'" in printed
    assert "ISSUER = 'https://ghe.acme.com'" in printed
