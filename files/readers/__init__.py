"""Bytes in, records out. Nothing here knows Django."""
