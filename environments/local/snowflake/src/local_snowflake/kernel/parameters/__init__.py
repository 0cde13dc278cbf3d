"""The account's parameters: which there are, at which levels they can be set, and what they are now.

https://docs.snowflake.com/en/sql-reference/parameters
"""
