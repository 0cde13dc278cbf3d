"""Whether a release on the stage is whole."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy import stage
from deploy.errors import DeployError
from deploy.manifest import Manifest, StagedFile
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[2] / "environments")
FILES = (StagedFile.of("a.zip", b"one"), StagedFile.of("b.zip", b"two"))
MANIFEST = Manifest("c0ffee", "3.11", ("pandas",), FILES, ())


def rows(**changed):
    """What LIST shows of the whole release, but for some columns of a.zip."""
    files = {file.name: {"size": file.size, "md5": file.md5} for file in (*FILES, MANIFEST.own_file)}
    files["a.zip"] |= changed
    return [{"name": f"releases/{MANIFEST.digest}/{name}", **columns} for name, columns in files.items()]


def test_a_whole_release_is_accepted():
    stage.check(DEV, rows(), MANIFEST)


def test_a_file_that_was_uploaded_in_parts_is_known_by_its_size():
    stage.check(DEV, rows(md5="0123456789abcdef0123456789abcdef-2"), MANIFEST)
    stage.check(DEV, rows(md5=None), MANIFEST)


@pytest.mark.parametrize("changed", [{"size": 4}, {"md5": "0" * 32}, {"size": 4, "md5": None}])
def test_a_file_of_another_size_or_digest_is_refused(changed):
    with pytest.raises(DeployError, match=r"a\.zip is not what was built") as error:
        stage.check(DEV, rows(**changed), MANIFEST)
    assert f"""REMOVE '@"ML_DEV"."MAIN"."RELEASES"/{MANIFEST.digest}/a.zip'""" in error.value.remedy
    assert error.value.remedy.endswith("python -m deploy upload --env dev")


@given(st.sets(st.sampled_from(range(3)), max_size=2))
def test_a_release_that_lacks_a_file_is_refused(kept):
    there = [row for number, row in enumerate(rows()) if number in kept]
    with pytest.raises(DeployError, match=r"is not (whole )?on @ML_DEV\.MAIN\.RELEASES/") as error:
        stage.check(DEV, there, MANIFEST)
    assert error.value.remedy == "python -m deploy upload --env dev"


def test_without_the_manifest_a_damaged_file_is_only_part_of_a_cut_upload():
    with pytest.raises(DeployError, match="is not whole on") as error:
        stage.check(DEV, rows(size=1)[:2], MANIFEST)
    assert error.value.remedy == "python -m deploy upload --env dev"


def test_the_files_of_another_release_do_not_count():
    others = [row | {"name": row["name"].replace(MANIFEST.digest, "0" * 64)} for row in rows()]
    with pytest.raises(DeployError, match="is not on"):
        stage.check(DEV, others, MANIFEST)


def test_a_manifest_is_read_back_as_it_was_written():
    assert Manifest.from_bytes(MANIFEST.to_bytes()) == MANIFEST
