"""ONLINE FEATURE TABLE: there is none here. SHOW says so, which clients ask of every feature view; CREATE is refused.

https://docs.snowflake.com/en/sql-reference/sql/show-online-feature-tables
"""

from ..kernel.kinds import STAMP, Kind


class OnlineFeatureTable(Kind):
    """What serves features by key within milliseconds."""

    word, plural, feature = "ONLINE FEATURE TABLE", "ONLINE FEATURE TABLES", "ONLINE FEATURE TABLE"
    columns = (("created_on", STAMP), "name", "database_name", "schema_name", "owner", "comment", "scheduling_state")


KINDS = (OnlineFeatureTable(),)
