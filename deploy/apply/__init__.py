"""From a plan to statements: each backend's, and a trigger's."""
