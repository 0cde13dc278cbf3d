"""Late-delivery prediction on TPC-H: the example, declared in model.py. A fork puts a package of its own beside it."""
