"""Notebook projects: notebooks that were copied from a stage, and their headless execution on a compute pool."""
