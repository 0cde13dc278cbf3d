"""Task functions: history, graphs, return values, configuration."""
