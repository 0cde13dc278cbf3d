"""What an environment costs, said before it is made: read from the SQL that makes it, by Snowflake's own tables.

Prices of a credit depend on the contract, and credits of a pool's node on the cloud and its region, so neither is here.
https://docs.snowflake.com/en/user-guide/warehouses-overview
https://docs.snowflake.com/en/developer-guide/snowpark-container-services/accounts-orgs-usage-views
"""

from collections.abc import Mapping

from deploy.setup import made
from deploy.setup.made import Made
from ml_pipeline.config import Environment

WAREHOUSES = "https://docs.snowflake.com/en/user-guide/warehouses-overview"
POOLS = "https://docs.snowflake.com/en/developer-guide/snowpark-container-services/accounts-orgs-usage-views"
TABLE = "https://www.snowflake.com/legal-files/CreditConsumptionTable.pdf"
_SIZES = ("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "X2LARGE", "X3LARGE", "X4LARGE", "X5LARGE", "X6LARGE")
CREDITS = {size: 2**number for number, size in enumerate(_SIZES)}
"""Credits an hour of a standard warehouse of the first generation, for each size."""
_WORDS = {"XXLARGE": "X2LARGE", "XXXLARGE": "X3LARGE"}


def lines(environment: Environment, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the objects of the rendered files cost while they are at work, a line each, and the pages."""
    found = list(made.objects(texts))
    pools = [each for each in found if each.kind == "COMPUTE POOL"]
    pages = [WAREHOUSES, *([POOLS, TABLE] if pools else [])]
    return (
        f"what {environment.name} costs while it is at work (asleep, it costs only its storage):",
        *(f"  {_warehouse(each)}" for each in found if each.kind == "WAREHOUSE"),
        *(f"  {_pool(each)}" for each in pools),
        f"  serverless: nothing; the tasks run on {environment.snowflake.warehouse}, {_often(environment)}",
        *(f"  see {page}" for page in pages),
    )


def _warehouse(each: Made) -> str:
    shown = each.options.get("WAREHOUSE_SIZE", "XSMALL").upper().replace("-", "")
    number = CREDITS.get(_WORDS.get(shown, shown))
    an_hour = f"{number} credit{'' if number == 1 else 's'} an hour" if number else "credits by its size"
    return f"warehouse {each.name}, {shown}: {an_hour}, {_idle(each.options.get('AUTO_SUSPEND', '600'))}"


def _pool(each: Made) -> str:
    most, family = each.options.get("MAX_NODES", "1"), each.options.get("INSTANCE_FAMILY", "")
    nodes = f"{most} node" + ("" if most == "1" else "s")
    idle = _idle(each.options.get("AUTO_SUSPEND_SECS", "3600"))
    return f"compute pool {each.name}, at most {nodes} of {family}: credits an hour for each node by its family, {idle}"


def _idle(seconds: str) -> str:
    return "never suspended by itself" if seconds in ("0", "NULL") else f"suspended after {seconds} s without work"


def _often(environment: Environment) -> str:
    schedule = environment.graph.schedule
    return f'by the schedule "{schedule}"' if schedule else "when somebody runs them"
