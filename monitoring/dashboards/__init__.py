"""Grafana's dashboards as values; ``deploy/grafana/dashboards`` is made from them."""
