"""Notebook projects, called code bundles now: files that were copied from a stage, executed on a compute pool."""
