"""Names that carry a run's id, which is a UUID: within the limits of Snowflake's, and of DNS for services and jobs."""

import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest

from ml_pipeline import config, jobs, registry, services
from ml_pipeline.config import Run
from ml_pipeline.labels import LONGEST, fitted
from ml_pipeline.monitors import Watch
from ml_pipeline.section import typed
from ml_pipeline.values import ConfigError, ModelName

DEV = config.load("dev", Path(__file__).parents[1] / "environments")
UUID = str(uuid.uuid5(uuid.NAMESPACE_DNS, "snowflake.com"))


def a_run(*, smoke, model="SMALL", run_id=UUID):
    named = {"registry": {"model": model}}
    config = DEV.changed(pipeline=named, smoke=named).graph_config("d")
    return Run.from_config({**config, "smoke": smoke}, run_id)


def test_a_name_that_fits_stays_and_another_is_told_from_its_like():
    assert fitted("A" * LONGEST) == "A" * LONGEST
    long = [fitted("A" * LONGEST + end) for end in "BC"]
    assert [len(name) for name in long] == [LONGEST] * 2
    assert long[0] != long[1]


@pytest.mark.parametrize("smoke", [False, True])
@pytest.mark.parametrize("model", ["M", "SMALL", "M" * 39])
def test_a_service_is_a_label_of_dns_that_begins_as_those_of_its_model(model, smoke):
    run = a_run(smoke=smoke, model=model)
    version, other = (SimpleNamespace(version_name=registry.named(each)) for each in (run.id, run.id[::-1]))
    name = services.name_of(run, version)
    assert len(name) <= LONGEST
    assert name.startswith(services._prefix(run))
    assert name != services.name_of(run, other)


def test_a_models_name_leaves_room_for_its_services():
    assert typed(ModelName, "M" * 39, "here") == "M" * 39
    with pytest.raises(ConfigError, match="at most 39 characters"):
        typed(ModelName, "M" * 40, "here")


@pytest.mark.parametrize("step", ["TRAIN", "S" * 60])
def test_a_job_is_a_label_of_dns_and_its_attempts_are_found_by_their_beginning(monkeypatch, step):
    submitted, looked_for = [], []
    job = SimpleNamespace(id="J", name="J", wait=lambda _: "DONE", result=dict)
    monkeypatch.setattr(jobs, "_submit", lambda _session, _run, name, *_: submitted.append(name) or job)
    monkeypatch.setattr(jobs, "_cancel_earlier", lambda _session, _run, attempts: looked_for.append(attempts))
    session = SimpleNamespace(sql=lambda _: SimpleNamespace(collect=list))
    for _ in range(2):
        jobs.run_entrypoint(session, a_run(smoke=True), step, "training_job.py")
    assert all(len(name) <= LONGEST for name in submitted)
    assert submitted[0] != submitted[1]
    assert all(name.startswith(f"{looked_for[0]}_") for name in submitted)


def test_what_watches_a_version_has_names_of_snowflakes():
    watch = Watch.of(a_run(smoke=True), registry.named(a_run(smoke=True).id))
    assert max(map(len, (watch.monitor, watch.source, watch.baseline))) <= 255
