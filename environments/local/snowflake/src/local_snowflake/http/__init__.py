"""What the clients reach over HTTP: sign-in, queries, files, and the REST API of tasks."""
