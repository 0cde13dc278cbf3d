"""A run of the deployed graph, watched until its end."""
