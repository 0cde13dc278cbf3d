"""Profiles: named ones, TOML files, and what is no profile."""

from pathlib import Path

import pytest

from local_snowflake.kernel import profile, registry
from local_snowflake.kernel.profile import Profile, ProfileError

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", profile.NAMES)
def test_every_profile_is_in_the_readme(name: str) -> None:
    assert isinstance(profile.read(name), Profile)
    assert f"| `{name}` |" in README.read_text()


def test_every_key_of_a_profile_is_in_the_readme() -> None:
    for key in profile.Profile.__dataclass_fields__:
        assert f"| `{key}` |" in README.read_text()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('edition = "standrad"', "did you mean 'standard'"),
        ('editon = "standard"', "did you mean 'edition'"),
        ('missing = ["TASK GRAPHS"]', "did you mean 'TASK GRAPH'"),
        ('missing = "TASK GRAPH"', "is no list"),
        ("etags = 1", "is no bool"),
        ("[parameters]\nTIMEZONE = 'nope'", "TIMEZONE"),
        ("[parameters]\nNOPE = 1", "NOPE"),
        ('edition = "standard"\n[parameters]\nDATA_RETENTION_TIME_IN_DAYS = 2', "DATA_RETENTION_TIME_IN_DAYS"),
        ("edition", "mine.toml"),
    ],
)
def test_a_mistake_in_a_file_is_named(text: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=error):
        profile.read(str(path))


@pytest.mark.parametrize(("name", "error"), [("standart-trial", "did you mean 'standard-trial'"), ("x", "one of")])
def test_a_name_that_is_none_is_told(name: str, error: str) -> None:
    with pytest.raises(ProfileError, match=error):
        profile.read(name)


def test_a_file_says_what_a_name_says(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('missing = ["TASK GRAPH", "CODE BUNDLE"]')
    assert profile.read(str(path)) == profile.read("old-grammar")


def test_what_is_kept_of_a_profile_is_the_profile() -> None:
    for name in profile.NAMES:
        found = profile.read(name)
        assert profile.of(found.to_json()) == found


def test_what_an_account_lacks_is_not_in_its_registry() -> None:
    lacking = frozenset({"TASK GRAPH", "COMPUTE POOL"})
    assert "EXECUTE TASK GRAPH" in registry.verbs()
    assert "EXECUTE TASK GRAPH" not in registry.verbs(lacking)
    assert "TASK_GRAPH_CHANGES" not in registry.table_functions(lacking)
    assert "SYSTEM$EXECUTE_ML_JOB" not in registry.functions(lacking)
    assert "SYSTEM$WAIT" in registry.functions(lacking)
