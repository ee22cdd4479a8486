"""Said once for all handlers: routing, identity, bodies, problem+json, queue batches and logging."""
