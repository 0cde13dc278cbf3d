"""Whom to call about open lines that are likely late: personal data, fetched for this and protected from the start.

Only customers with open lines are fetched. With policies (see `policies` in [pipeline.governance]) their names,
addresses and phones are masked for all but the role that the bootstrap made for those who call, and a role reads the
customers of its regions only: both are true of the table, and so of every view and query of it. Without policies these
columns are not fetched at all, and the view names customers by their key.
"""

from snowflake.snowpark import Session

from ml_pipeline import predictions
from ml_pipeline.config import Run
from ml_pipeline.settings import Pipeline

from .data import ORDER_LINES
from .features import LABEL, PROBABILITY

CUSTOMERS, LATE_RISKS = "CUSTOMERS", "LATE_RISKS"
PERSONAL = ("NAME", "ADDRESS", "PHONE")

_PLAIN = {"CUSTOMER_KEY": "NUMBER", "NATION": "VARCHAR", "REGION": "VARCHAR", "MARKET_SEGMENT": "VARCHAR"}
_SOURCES = {
    "CUSTOMER_KEY": "C_CUSTKEY",
    "NATION": "N_NAME",
    "REGION": "R_NAME",
    "MARKET_SEGMENT": "C_MKTSEGMENT",
    **{column: f"C_{column}" for column in PERSONAL},
}


def fetch(session: Session, run: Run) -> None:
    """Write the customers with open lines into CUSTOMERS: policies, rows and all in one statement."""
    settings = run.settings
    columns = [*_PLAIN, *personal(settings)]
    source, selected = settings.data.source, ", ".join(_SOURCES[column] for column in columns)
    session.sql(
        f"CREATE OR REPLACE TRANSIENT TABLE {run.name(CUSTOMERS)} ({_definitions(settings)}) "
        "COMMENT = 'The customers with open lines, for LATE_RISKS; names, addresses and phones are personal data.' "
        f"{_row_policy(settings)}AS SELECT {selected} FROM {source}.CUSTOMER "
        f"JOIN {source}.NATION ON N_NATIONKEY = C_NATIONKEY JOIN {source}.REGION ON R_REGIONKEY = N_REGIONKEY "
        f"WHERE C_CUSTKEY IN (SELECT CUSTOMER_KEY FROM {run.name(ORDER_LINES)} "
        f"WHERE DATEDIFF('day', ORDER_DATE, '{settings.data.as_of}'::DATE) < {settings.data.label_lag_days})"
    ).collect()


def publish(session: Session, run: Run) -> None:
    """Make the view LATE_RISKS: each open line whose last prediction reaches the cut-off, with its customer."""
    shown = ", ".join(f"C.{column}" for column in (*_PLAIN, *personal(run.settings)))
    session.sql(
        f"CREATE OR REPLACE SECURE VIEW {run.name(LATE_RISKS)} "
        "COMMENT = 'Whom to call about open lines that are likely late. The policies decide who sees what of it.' "
        f"AS SELECT {shown}, L.ORDER_KEY, L.LINE_NUMBER, L.ORDER_DATE, L.COMMIT_DATE, P.{PROBABILITY}, "
        f"P.MODEL_VERSION FROM {run.name(predictions.TABLE)} P "
        f"JOIN {run.name(ORDER_LINES)} L ON L.ORDER_KEY = P.ORDER_KEY AND L.LINE_NUMBER = P.LINE_NUMBER "
        f"JOIN {run.name(CUSTOMERS)} C ON C.CUSTOMER_KEY = L.CUSTOMER_KEY "
        f"WHERE P.{LABEL} IS NULL "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY P.ORDER_KEY, P.LINE_NUMBER ORDER BY P.WRITTEN_AT DESC) = 1 "
        f"AND P.{PROBABILITY} >= {run.settings.scoring.cut_off}"
    ).collect()


def personal(settings: Pipeline) -> tuple[str, ...]:
    """Return the personal columns that are fetched: none without policies that protect them."""
    return PERSONAL if settings.governance.policies else ()


def _definitions(settings: Pipeline) -> str:
    plain = [f"{name} {kind}" for name, kind in _PLAIN.items()]
    masked = [
        f"{name} VARCHAR WITH MASKING POLICY {settings.governance.policies}.MASK_{name}" for name in personal(settings)
    ]
    return ", ".join([*plain, *masked])


def _row_policy(settings: Pipeline) -> str:
    policies = settings.governance.policies
    return f"WITH ROW ACCESS POLICY {policies}.CUSTOMERS_BY_REGION ON (REGION) " if policies else ""
