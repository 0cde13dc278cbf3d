"""The statements that read and change rows, by their first words."""

from . import clock, dml, queries, transactions

QUERIES = {**queries.QUERIES, **dml.QUERIES}
VERBS = {**transactions.VERBS, **dml.VERBS}
REWRITES = clock.REWRITES
