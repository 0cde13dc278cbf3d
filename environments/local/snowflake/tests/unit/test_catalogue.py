"""The catalogue: what one session makes, another does not make at the same time."""

import threading

from local_snowflake.kernel.catalogue import Catalogue, Object
from local_snowflake.kernel.names import Name
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
