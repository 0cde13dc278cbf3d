"""What an ML Job must have in common with the task that reads its model."""

from importlib import metadata

import pytest

from ml_pipeline import jobs
from ml_pipeline.config import Run
from ml_pipeline.errors import PipelineError
from tests.small.settings import SETTINGS

RUN = Run("1", "d", SETTINGS)


def test_a_job_is_given_the_versions_that_pickle_the_model():
    asked = jobs.options(RUN)["pip_requirements"]
    assert asked == [
        f"{name}=={metadata.version(name)}" for name in ("joblib", "numpy", "scikit-learn", "snowflake-ml-python")
    ]


def test_a_job_with_the_tasks_versions_may_train():
    jobs.require(RUN, jobs.versions(RUN))


@pytest.mark.parametrize("package", jobs.versions(RUN))
def test_a_job_with_another_version_says_which_and_what_to_do(package):
    with pytest.raises(PipelineError) as raised:
        jobs.require(RUN, {**jobs.versions(RUN), package: "0.1"})
    assert f"{package} {metadata.version(package)}, not 0.1" in str(raised.value)
    assert "\nnext: name in repository" in str(raised.value)
