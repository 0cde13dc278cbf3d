"""Tags on objects: https://docs.snowflake.com/en/user-guide/object-tagging/introduction."""

import pytest
from snowflake.connector.errors import ProgrammingError


def test_an_object_has_fifty_tags_of_which_dropped_ones_are_none(snowflake, database):
    with snowflake.connector(database=database) as connection:
        cursor = connection.cursor()
        for schema in ("FIRST", "SECOND"):
            cursor.execute(f"CREATE SCHEMA {schema}")
            for number in range(50):
                cursor.execute(f"CREATE TAG T_{number}")
                cursor.execute(f"ALTER DATABASE {database} SET TAG T_{number} = 'x'")
            cursor.execute("CREATE TAG ONE_MORE")
            with pytest.raises(ProgrammingError, match="50 tags at most"):
                cursor.execute(f"ALTER DATABASE {database} SET TAG ONE_MORE = 'x'")
            cursor.execute(f"DROP SCHEMA {schema}")
