"""ML Experiments: their runs, with parameters, metrics and artifacts."""
