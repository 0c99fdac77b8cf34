"""Ingest: studio feeds in, one module a protocol; relays bytes, decodes nothing."""
