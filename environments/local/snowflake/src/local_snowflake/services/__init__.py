"""Real-time inference: services of model versions on compute pools, each instance a process of this machine.

https://docs.snowflake.com/en/developer-guide/snowflake-ml/inference/real-time-inference-rest-api
"""
