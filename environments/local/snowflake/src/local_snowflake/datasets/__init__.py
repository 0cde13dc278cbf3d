"""Datasets: versions of rows that do not change any more, kept as Parquet files."""
