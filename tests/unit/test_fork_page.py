"""The page on replacing the example: what it says to write is a whole, whatever it says to type."""

import importlib
import shutil
import sys

import pytest

from ml_pipeline import config
from tests.conftest import ROOT
from tests.fork import page

TEXT = page.PAGE.read_text()
FILES = [each for each in page.instructions(TEXT) if isinstance(each, page.File)]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The files of the page in a folder that has this repository's settings."""
    shutil.copytree(ROOT / "environments", tmp_path / "environments", ignore=shutil.ignore_patterns("local", "sql"))
    for each in FILES:
        page.follow(each, tmp_path)
    base = tmp_path / "environments/base.toml"
    base.write_text(base.read_text().replace(f'package = "{before()}"', f'package = "{package()}"'))
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == package()]:
        del sys.modules[name]


def package():
    return next(each.path.split("/")[1] for each in FILES if each.path.startswith("src/"))


def before():
    return config.load(config.environments(ROOT / "environments")[0], ROOT / "environments").pipeline.package


def test_its_settings_fit_its_declaration_in_every_environment(project):
    from ml_pipeline import thresholds
    from ml_pipeline.definition import declared

    for name in config.environments(project / "environments"):
        environment = config.load(name, project / "environments")
        for settings in (environment.pipeline, environment.smoke):
            thresholds.check(declared(package()), settings)


def test_its_steps_are_functions(project):
    steps = importlib.import_module(f"{package()}.steps")
    assert callable(steps.ingest)


def test_the_estimator_and_its_parameters_are_named_in_the_model_and_in_the_settings_alone(project):
    from ml_pipeline.definition import declared

    environment = config.load(config.environments(project / "environments")[0], project / "environments")
    words = {*declared(package()).packages, *environment.pipeline.model.to_dict()}
    naming = {each.path for each in FILES if any(word in each.text for word in words)}
    assert naming == {f"src/{package()}/model.py", "environments/base.toml"}


def test_another_table_is_at_most_five_files():
    # The environments' files only lose what belonged to the example; the seed is for the local Snowflake alone.
    spared = ("__init__.py", "dev.toml", "prod.toml", "local.toml", "seed.sql")
    assert len({each.path for each in FILES if not each.path.endswith(spared)}) <= 5


def test_a_table_that_is_not_there_cannot_be_replaced():
    text = "# a\n[x]\na = 1\n\n# of y\n[y]\nb = 2\n"
    assert page.replaced(text, "[x]\na = 3\n") == "# a\n[x]\na = 3\n\n# of y\n[y]\nb = 2\n"
    with pytest.raises(KeyError):
        page.replaced(text, "[z]\na = 3\n")
