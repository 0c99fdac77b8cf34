"""The control room: guide, rights, takedowns, audit; the operators' API."""
