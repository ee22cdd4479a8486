"""What is done to a running stack by hand: closed, restored, checked, opened; queues redriven, keys changed."""
