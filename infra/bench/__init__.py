"""What `make bench` measures: speed and cost on DynamoDB Local, scale by simulation, the sweep's cost."""
