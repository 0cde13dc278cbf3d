"""The statements that read and change rows, by their first words."""

from ..sql import clock, transactions
from . import dml, queries

QUERIES = {**queries.QUERIES, **dml.QUERIES}
VERBS = {**transactions.VERBS, **dml.VERBS}
REWRITES = clock.REWRITES
