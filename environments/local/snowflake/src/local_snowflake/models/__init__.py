"""The Model Registry: models, their versions, and running them from SQL."""
