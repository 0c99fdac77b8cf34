"""Monitoring: what tells operators how the channels are, and what viewers see of them."""
