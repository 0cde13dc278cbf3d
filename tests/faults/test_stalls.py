"""What never answers: each step ends at its deadline and says so, and what was on its way comes too late."""

import os
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.account.connection import Connection, open_connection
from deploy.graph.graph import CLASSIC
from deploy.release import manifest, stage
from deploy.release.manifest import Manifest, StagedFile
from tests.conftest import DAY
from tests.faults import races, small_releases, stalls
from tests.faults.cases import Cases, Site
from tests.faults.proxy import Proxy, Seen
from tests.faults.rules import Fault, Request, Rule
from tests.faults.small_releases import Terms

chosen = random.Random(DAY)


class SlowStage(Proxy):
    """Each file that is sent or fetched takes this long on its way, and so does the statement that asks for it."""

    def meet(self, request: Request) -> Seen:
        if request.path.startswith("/files/") or putting(request):
            time.sleep(0.4)
        return super().meet(request)


def putting(request: Request) -> bool:
    return request.words.startswith("PUT ")


def upload_many(site: Site) -> list[str]:
    """Upload a release of several files, as an upload does whose requests must be quick."""
    os.environ.update(small_releases.variables(site, Terms()))
    target = small_releases.environment(site, Terms(deadline_seconds=1))
    data = {f"{name}.zip": name.encode() for name in "abcd"}
    made = Manifest("many", "3.11", (), tuple(StagedFile.of(name, content) for name, content in data.items()), ())
    with tempfile.TemporaryDirectory() as dist, open_connection(target) as connection, connection.step("upload", 60):
        release = manifest.write(Path(dist), made, data)
        sent = stage.upload(connection, target, release, rows=[])
        stage.check(connection, target, connection.rows(stage.listing_statement(target, release.digest)), made)
    return sent


def test_slow_uploads_sign_in_once_and_once_more_for_a_session_that_ends(cases: Cases) -> None:
    rule = Rule(Fault.EXPIRE_MASTER, at=1, selects=putting)
    with cases.site(small_releases.set_up) as site, SlowStage(site.snowflake.port, rule) as proxy:
        sent = cases.callers.run(upload_many, site.behind(proxy))
    assert sent.value == [*(f"{name}.zip" for name in "abcd"), "manifest.json"]
    assert len(proxy.struck) == 1
    assert sum(seen.request.path == "/session/v1/login-request" for seen in proxy.seen) == 2


def test_a_step_ends_at_its_deadline_with_its_name_and_its_seconds(cases: Cases) -> None:
    """A sample, another one each day; `make faults` stalls every step on both backends."""
    found = stalls.row(cases, chosen.choice(races.BACKENDS), [chosen.choice(list(stalls.STEPS))])
    assert found.broken == ()


def test_what_was_on_its_way_at_the_deadline_does_nothing_when_the_earlier_release_is_put_back(cases: Cases) -> None:
    terms = Terms(CLASSIC, deadline_seconds=stalls.SECONDS)
    # The apply is sent twice within its step: each try is given up in time to read back what it did.
    delayed = Rule(Fault.DELAY, at=1, times=2, selects=stalls.fenced)
    with cases.site(races.prepared(CLASSIC)) as site, Proxy(site.snowflake.port, delayed, round_trip=0.2) as proxy:
        with ThreadPoolExecutor(1) as thread:
            delivering = thread.submit(cases.callers.run, small_releases.deliver, site.behind(proxy), "new", terms)
            await_putting_back(proxy)
            proxy.release()
            answer = delivering.result().value
        proxy.struck[0].ended.wait(10)
        found = cases.look(site)
    assert "apply: no answer" in answer["error"]
    assert f"release {small_releases.digest('earlier')[:12]} is in use again" in answer["error"]
    assert list(small_releases.differences(found, "earlier", CLASSIC)) == []


def await_putting_back(proxy: Proxy) -> None:
    """Wait until the graph has been read again when the step of the first request that was held back had ended."""
    while not any(stalls.reading(seen.request) and seen.ended.is_set() for seen in after_the_step(proxy)):
        time.sleep(0.01)


def after_the_step(proxy: Proxy) -> list[Seen]:
    return [seen for seen in list(proxy.seen) for first in proxy.struck[:1] if seen.at > first.at + stalls.SECONDS]


def test_what_belongs_to_no_step_is_not_late_because_the_deploy_takes_long(snowflake, database) -> None:
    target = small_releases.environment(Site(snowflake, database, "PUBLIC"), Terms(deadline_seconds=1))
    with Connection(target, snowflake.connector) as connection:
        time.sleep(1.1)
        assert connection.rows("SELECT 1 AS one") == [{"one": 1}]


def test_a_step_within_a_step_ends_with_it(snowflake, database) -> None:
    target = small_releases.environment(Site(snowflake, database, "PUBLIC"), Terms(deadline_seconds=1))
    with Connection(target, snowflake.connector) as connection, connection.step("whole", 0.5):
        with connection.step("part", 60):
            assert connection.seconds_left <= 0.5
        assert connection.seconds_left > 0
