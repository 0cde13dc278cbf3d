"""The catalogue: what one session makes, another does not make at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_snowflake.kernel.catalogue import Catalogue, Object
from local_snowflake.kernel.names import Name
from local_snowflake.kernel.remains import Remains
from local_snowflake.kernel.store import Store


def test_who_makes_what_another_is_making_waits_and_finds_it(tmp_path):
    catalogue, name = Catalogue(Store(tmp_path / "store")), Name("D", "S", "T")
    found, asked = [], threading.Event()

    def second():
        asked.set()
        with catalogue.making("TABLE", name):
            found.append(catalogue.find("TABLE", name))

    with catalogue.making("TABLE", name), catalogue.making("TABLE", Name("D", "S", "OTHER")):
        other = threading.Thread(target=second)
        other.start()
        asked.wait()
        other.join(0.05)
        made = Object("TABLE", name, "ACCOUNTADMIN")
        catalogue.add(made)
    other.join()
    assert found == [made]


def _catalogue(tmp_path):
    return Catalogue(Store(tmp_path / "store"))


def test_what_is_changed_together_and_fails_was_never_there(tmp_path):
    catalogue, name = _catalogue(tmp_path), Name("D", "S", "T")
    old = catalogue.add(Object("TABLE", name, "ACCOUNTADMIN"))
    done = []

    def fails():
        with catalogue.together():
            catalogue.remove("TABLE", name)
            catalogue.add(Object("TABLE", Name("D", "S", "NEW"), "ACCOUNTADMIN"))
            catalogue.afterwards(lambda: done.append("deleted"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert (catalogue.of("TABLE"), catalogue.identified(old.id), done) == ([old], old, [])
    assert _catalogue(tmp_path).of("TABLE") == [old]


def test_who_misses_what_is_being_replaced_waits_for_it(tmp_path):
    catalogue, name = _catalogue(tmp_path), Name("D", "S", "T")
    catalogue.add(Object("TABLE", name, "ACCOUNTADMIN"))
    with ThreadPoolExecutor(1) as pool:
        with catalogue.together():
            catalogue.remove("TABLE", name)
            found = pool.submit(catalogue.find, "TABLE", name)
            with pytest.raises(TimeoutError):
                found.result(0.05)
            new = catalogue.add(Object("TABLE", name, "ACCOUNTADMIN"))
        assert found.result() == new


def test_rows_stay_while_a_statement_runs_that_may_read_them(tmp_path):
    class Statement:
        caller = None

    deleted = []

    class Rows:
        def delete(self, ids):
            deleted.extend(ids)

    remains = Remains(Rows(), Store(tmp_path / "store"))
    outer, inner = Statement(), Statement()
    inner.caller = outer
    with remains.read_by(outer):
        remains.rows("before")
        assert remains._due() == []
        with remains.read_by(inner):  # the outer one looked its names up before
            assert [r.rows for r in remains._due()] == ["before"]
    remains.close()
    assert deleted == ["before"]
