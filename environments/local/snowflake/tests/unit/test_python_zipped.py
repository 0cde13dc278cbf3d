"""The client's library is zipped once, as the client would have zipped it."""

import zipfile

import pytest
from snowflake.ml._internal import file_utils

from local_snowflake.python.interpreter import zipped


@pytest.fixture
def made(monkeypatch):
    """What is zipped in earnest."""
    zip_, found = file_utils.zip_python_package, []
    monkeypatch.setattr(
        file_utils, "zip_python_package", lambda *given, **options: found.append(given) or zip_(*given, **options)
    )
    zipped.remember()
    return found


def test_the_same_package_is_zipped_once_and_another_anew(made, tmp_path):
    for name in ("a", "b"):
        file_utils.zip_python_package(f"{tmp_path}/{name}.zip", "snowflake.ml.utils")
    file_utils.zip_python_package(f"{tmp_path}/c.zip", "snowflake.ml.monitoring")
    assert len(made) == 2
    first, second, other = ((tmp_path / f"{name}.zip").read_bytes() for name in "abc")
    assert first == second != other
    assert zipfile.ZipFile(tmp_path / "b.zip").testzip() is None


def test_what_is_prepared_is_what_the_client_asks_for_when_it_logs_a_model(made, tmp_path):
    from snowflake.ml.model._packager.model_env.model_env import ModelEnv
    from snowflake.ml.model._packager.model_runtime.model_runtime import ModelRuntime

    zipped.prepare()
    environment = ModelEnv()
    environment.snowpark_ml_version = f"{environment.snowpark_ml_version}+0"  # a version that the channel lacks
    ModelRuntime("cpu", environment).save(tmp_path)
    assert len(made) == 1
    assert (tmp_path / "runtimes/cpu/snowflake-ml-python.zip").stat().st_size > 1_000_000
