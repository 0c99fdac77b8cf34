"""Transcoder: the programme of a channel: decoders, the switcher, one encoder."""
