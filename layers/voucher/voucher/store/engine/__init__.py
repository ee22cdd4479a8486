"""The engine knows DynamoDB, S3 and KMS, and no subject: transactions, reads, pools, postings, files, sealed texts."""
