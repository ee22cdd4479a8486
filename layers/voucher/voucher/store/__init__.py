"""DynamoDB and S3: keys, named conditions, pools and transactions. No HTTP, no rule of the regulation."""
