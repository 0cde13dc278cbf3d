"""Dynamic tables: tables that hold what their query gave when they were refreshed last."""
