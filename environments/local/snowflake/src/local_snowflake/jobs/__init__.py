"""ML Jobs: containers on compute pools, each a process of this machine.

https://docs.snowflake.com/en/developer-guide/snowflake-ml/ml-jobs/overview
"""
