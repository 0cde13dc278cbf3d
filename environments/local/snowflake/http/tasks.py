"""The REST API of tasks, as snowflake.core speaks it."""

routes: list = []
