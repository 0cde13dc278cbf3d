"""The example's own SQL: masking and row access policies, where the edition has them."""

import re

import pytest

from deploy.setup import bootstrap, made
from ml_pipeline import config
from tests.conftest import ROOT

FILE = "environments/sql/policies.sql"
WITH = [name for name in config.environments(ROOT / "environments") if name != "local"]


def load(name):
    return config.load(name, ROOT / "environments")


@pytest.mark.parametrize("name", WITH)
def test_an_edition_without_policies_is_set_up_without_them(name):
    place = f"{load(name).snowflake.database}.{load(name).snowflake.schema}"
    edition = load(name).changed(pipeline={"governance": {"policies": place}})
    standard = edition.changed(pipeline={"governance": {"policies": ""}})
    assert FILE in bootstrap.scripts(edition)
    kept = re.sub("--.*", "", "".join(bootstrap.scripts(standard).values()))
    assert not re.search("MASKING|ROW ACCESS|CONTACT", kept)


@pytest.mark.parametrize("name", WITH)
def test_those_who_deliver_apply_policies_and_change_none(name):
    about = [each for each in made.statements(bootstrap.scripts(load(name))[FILE]) if "POLICY" in each]
    granted = [each for each in about if each.startswith("GRANT ")]
    values = bootstrap.values(load(name))
    roles = {each.rpartition(" ")[2] for each in granted}
    assert values["access_role"] in roles
    assert roles <= {values["access_role"], values["developer_role"]}
    assert all(re.match(r"GRANT APPLY ON (MASKING|ROW ACCESS) POLICY \S+ TO ROLE \S+$", each) for each in granted)
