"""Hostile bytes in, exact bytes out: the lists that offices send, and the workbooks that leave. Pure."""
