"""Stages and file formats, PUT, GET, LIST, REMOVE, COPY FILES."""
