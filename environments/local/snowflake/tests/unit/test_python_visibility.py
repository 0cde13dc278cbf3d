"""Which modules the code of an account sees, by what its packages bring."""

import logging

import pytest

from local_snowflake.python import packages, repositories, visibility


def hidden(*names: str) -> set[str]:
    return set(visibility.hidden(names)["hidden"])


def test_without_packages_every_installed_module_is_hidden() -> None:
    assert hidden() >= {"numpy", "sklearn", "snowflake", "snowflake.snowpark", "yaml", "starlette", "duckdb"}


def test_a_package_brings_its_modules_and_those_of_what_it_requires() -> None:
    assert not hidden("scikit-learn") & {"sklearn", "numpy", "scipy", "joblib"}
    assert hidden("scikit-learn") >= {"pandas", "snowflake", "pyarrow"}


def test_packages_that_share_a_namespace_are_told_apart() -> None:
    found = hidden("snowflake-snowpark-python==1.56.0")
    assert found >= {"snowflake.ml", "snowflake.core", "pyarrow", "pandas"}
    assert not found & {"snowflake", "snowflake.snowpark", "snowflake.connector", "yaml", "cloudpickle"}
    assert not hidden("snowflake.core>=1") & {"snowflake.core", "snowflake.connector"}
    assert not hidden("snowflake_core") & {"snowflake.core"}


def test_an_extra_of_a_requirement_brings_its_packages() -> None:
    assert not hidden("snowflake-ml-python") & {
        "pyarrow",
        "pandas",
        "aiohttp",
    }  # the connector's [pandas], fsspec's [http]


def test_an_embedded_package_brings_its_own_modules_only() -> None:
    found = set(visibility.hidden(["numpy"], ("snowflake-ml-python",))["hidden"])
    assert "snowflake.ml" not in found
    assert found >= {"snowflake.snowpark", "anyio"}


def test_metadata_of_what_is_hidden_is_hidden() -> None:
    found = visibility.hidden(["pandas"])["hidden_distributions"]
    assert "scikit-learn" in found
    assert not {"pandas", "numpy"} & set(found)


def test_a_version_that_is_not_installed_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    packages._told.clear()
    with caplog.at_level(logging.WARNING):
        packages.check(("pandas==2.2.0",), repositories.PYPI)
        packages.check(("pandas==2.2.0",), repositories.PYPI)
    assert [record.getMessage() for record in caplog.records] == [
        "PACKAGES: an account runs pandas 2.2.0, this machine runs pandas 2.3.3 instead"
    ]
