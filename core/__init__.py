"""What two or more services share: the timeline, settings, errors, tasks, contracts of the stores.

``core`` imports none of the services, and no service imports another
(``lint-imports`` checks both).  A type moves here when a second service needs
it, not before.
"""
