"""How a release gets to an environment.

A room imports only from those further down (tests/unit/test_deploy_floors.py holds that):

verbs / delivery / smoke, setup, cleanup / apply, records / plan / graph, release / account

Beside them are model, names, job and errors.
"""
