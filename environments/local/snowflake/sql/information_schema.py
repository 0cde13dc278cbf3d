"""The views and general table functions of INFORMATION_SCHEMA."""
