"""The command line: starts the services, together or one by one."""
