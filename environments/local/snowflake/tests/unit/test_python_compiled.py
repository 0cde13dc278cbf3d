"""Modules in archives are compiled once, whichever process imports them."""

import zipfile
import zipimport
from importlib.util import module_from_spec

import pytest

from local_snowflake.python.interpreter.compiled import share


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """As a process does, import two modules from an archive in a folder of its own; and how many it compiled."""
    compile_source = zipimport._compile_source

    def imported(process, text="def where(): return 1", twin="def where(): return 1"):
        compiled = []
        (tmp_path / process).mkdir()
        archive = tmp_path / process / "lib.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("mod.py", text)
            file.writestr("twin.py", twin)
        monkeypatch.setattr(zipimport, "_compile_source", lambda *given: compiled.append(1) or compile_source(*given))
        share([str(archive)], tmp_path)
        return [loaded(zipimport.zipimporter(str(archive)), name) for name in ("mod", "twin")], len(compiled)

    return imported


def loaded(importer, name):
    module = module_from_spec(importer.find_spec(name))
    importer.exec_module(module)
    return module


def test_what_one_process_has_compiled_the_next_does_not_compile(shared):
    assert shared("first")[1] == 1  # the twin has the same text
    modules, compiled = shared("second")
    assert compiled == 0
    assert modules[0].where() == 1


def test_each_module_knows_its_own_file(shared, tmp_path):
    for process in ("first", "second"):
        for module in shared(process)[0]:
            assert module.where.__code__.co_filename == str(tmp_path / process / "lib.zip" / f"{module.__name__}.py")


def test_another_archive_is_another_file(shared):
    shared("first")
    assert shared("second", twin="x = 1")[1] == 2


def test_a_torn_file_is_read_as_far_as_it_goes(shared, tmp_path):
    shared("first", twin="x = 1")
    (file,) = (path for path in tmp_path.iterdir() if path.is_file())
    file.write_bytes(file.read_bytes()[:-3])
    assert shared("second", twin="x = 1")[1] == 1
