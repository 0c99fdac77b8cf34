"""Packager: CMAF tracks in, parts and segments published."""
