"""Tags: what a run writes says which release wrote it last. Owner and cost centre are inherited from the database.

https://docs.snowflake.com/en/user-guide/object-tagging/introduction
"""

from snowflake.snowpark import Row, Session

from .config import Run

RELEASE_TAG = "ML_PIPELINE_RELEASE"
_KINDS = {"TABLE": "TABLES", "VIEW": "VIEWS", "STAGE": "STAGES", "MODEL": "MODELS"}


def tag(session: Session, run: Run) -> int:
    """Tag what the run's role owns in the schema, of a smoke run what is its own; return how many objects those are.

    They are one statement. Without tags in the settings there is nothing to do.
    """
    if not run.settings.governance.tags:
        return 0
    owned = [(kind, name) for kind in _KINDS for name in _owned(session, run, kind)]
    mark = f"SET TAG {run.settings.governance.tags}.{RELEASE_TAG} = '{run.release}'"
    changes = " ".join(f'ALTER {kind} IF EXISTS "{name}" {mark};' for kind, name in owned)
    if changes:
        session.sql(f"EXECUTE IMMEDIATE $$BEGIN {changes} END$$").collect()
    return len(owned)


def _owned(session: Session, run: Run, kind: str) -> list[str]:
    shown = session.sql(f"SHOW {_KINDS[kind]} IN SCHEMA {session.get_fully_qualified_current_schema()}").collect()
    role = (session.get_current_role() or "").strip('"')
    return [row["name"] for row in shown if row["owner"] == role and _lasts(row) and _is_of(run, row["name"])]


def _lasts(row: Row) -> bool:
    kept = row.as_dict()
    return kept.get("kind") != "TEMPORARY" and kept.get("is_dynamic") != "Y"


def _is_of(run: Run, name: str) -> bool:
    return name.startswith("SMOKE_") == run.smoke
