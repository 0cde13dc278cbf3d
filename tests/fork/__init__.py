"""A fork's day: the template is copied, named, given another pipeline and changed, and stays green at each point."""
