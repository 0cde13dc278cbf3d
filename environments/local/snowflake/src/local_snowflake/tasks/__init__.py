"""Task graphs: definitions, versions, runs, schedules and their history."""
