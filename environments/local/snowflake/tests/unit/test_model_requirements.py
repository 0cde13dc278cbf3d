"""What a model's files ask for, and where it comes from."""

from pathlib import Path
from typing import Any

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.models import requirements, versions

PYPI = "snowflake.snowpark.pypi_shared_repository"


def read(folder: Path, conda: str = "", pip: str = "", mapped: dict[str, str] | None = None, **runtime: Any) -> Any:
    dependencies: dict[str, Any] = {"artifact_repository_map": mapped or {}}
    for name, text in (("conda", conda), ("pip", pip)):
        if text:
            (folder / name).write_text(text)
            dependencies[name] = name
    return requirements.read(folder, {"runtimes": {"python_runtime": {"dependencies": dependencies, **runtime}}})


def test_conda_asks_snowflakes_channel(tmp_path: Path) -> None:
    channel = "https://repo.anaconda.com/pkgs/snowflake"
    found = read(tmp_path, conda=f"dependencies: [python==3.11.*, 'numpy<2,>=1.23', '{channel}::scikit-learn==1.6.1']")
    assert {"numpy==1.26.4", "scikit-learn==1.6.1"} <= set(found.installed)
    assert (found.repositories, found.lacking) == (("snowflake.snowpark.anaconda_shared_repository",), "")


def test_pip_asks_the_repository_that_is_named_for_it(tmp_path: Path) -> None:
    text = "# a comment\n--extra-index-url https://x\nscikit-learn==1.9.1\nfsspec[http]<2027\n"
    found = read(tmp_path, pip=text, mapped={"pip": PYPI})
    assert "scikit-learn==1.9.1" in found.installed
    assert (found.repositories, found.lacking) == ((PYPI,), "")


def test_pip_without_a_repository_can_be_installed_in_containers_only(tmp_path: Path) -> None:
    assert "artifact_repository_map" in read(tmp_path, pip="scikit-learn==1.9.1").lacking


def test_what_the_channel_lacks_is_named(tmp_path: Path) -> None:
    assert "snowflake-ml-python==2.6.0" in read(tmp_path, conda="dependencies: [snowflake-ml-python==2.6.0]").lacking


@pytest.mark.parametrize(
    ("conda", "pip", "says"),
    [
        ("dependencies: ['conda-forge::numpy']", "", "conda-forge::numpy"),
        ("dependencies: ['numpy = 1']", "", "numpy = 1"),
        ("", "numpy @ git+https://x", "numpy"),
    ],
)
def test_what_cannot_be_installed_at_all_is_refused(tmp_path: Path, conda: str, pip: str, says: str) -> None:
    with pytest.raises(SnowflakeError, match=says):
        read(tmp_path, conda, pip, {"pip": PYPI})


def test_the_clients_own_library_beside_the_model_is_this_machines(tmp_path: Path) -> None:
    found = read(tmp_path, imports=["model/", "runtimes/python_runtime/snowflake-ml-python.zip"])
    assert found.embedded == ("snowflake-ml-python",)


@pytest.fixture
def version(tmp_path: Path) -> Any:
    """A version with packages that the channel lacks, logged for these platforms."""
    conda = "dependencies: [snowflake-ml-python==2.6.0]"

    def made(platforms: str) -> versions.Version:
        (tmp_path / "model").mkdir()
        (tmp_path / "conda.yml").write_text(conda)
        (tmp_path / "model" / "model.yaml").write_text("model_type: sklearn")
        manifest = tmp_path / "MANIFEST.yml"
        manifest.write_text(f"methods: []\n{platforms}\nruntimes: {{r: {{dependencies: {{conda: conda.yml}}}}}}")
        return versions._installed(
            versions._read("V", manifest.read_text(), (tmp_path / "model" / "model.yaml").read_text()),
            tmp_path,
            manifest,
        )

    return made


def test_a_model_that_is_logged_for_a_warehouse_must_find_its_packages_there(version: Any) -> None:
    with pytest.raises(SnowflakeError, match=r"snowflake-ml-python==2\.6\.0") as caught:
        version("target_platforms: [WAREHOUSE]")
    assert caught.value.code == "100357"


def test_a_model_whose_packages_no_warehouse_has_runs_in_containers(version: Any) -> None:
    found = version("")
    assert found.runnable_in == ("SNOWPARK_CONTAINER_SERVICES",)
    with pytest.raises(SnowflakeError, match="cannot run in a warehouse"):
        versions.require_warehouse(found)


def test_a_version_is_kept_with_its_packages(version: Any) -> None:
    found = version("")
    assert versions.from_json(versions.to_json(found)) == found
