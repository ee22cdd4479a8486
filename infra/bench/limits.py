"""The constants of the simulation: limits that AWS documents, and assumptions, which are marked ASSUMED.

Documentation is named by guide and page, as of 2026.
"""

# DynamoDB developer guide, "Designing partition keys": at most this much per partition and second
WRITE_UNITS_PER_PARTITION = 1_000
READ_UNITS_PER_PARTITION = 3_000
# DynamoDB developer guide, "Transactions: how it works", capacity: two units per item and KB, prepare and commit;
# a cancelled transaction costs them, too. Every item of a grab is below 1 KB (the bench measures the sum).
WRITE_UNITS_PER_ITEM = 2
# the same page: a transactional read costs two units per item of up to 4 KB, a plain consistent read one
SERIALISABLE_READ_UNITS_PER_ITEM = 2
PLAIN_READ_UNITS_PER_ITEM = 1
# DynamoDB API reference, TransactGetItems and BatchGetItem: items per call
ITEMS_PER_READ = 100
# Lambda developer guide, "Scaling behavior": new environments per function, refilled continuously, never more saved up
ENVIRONMENT_STARTS = 1_000
ENVIRONMENT_START_PERIOD_SECONDS = 10.0
# Lambda developer guide, "Quotas": concurrent executions of an account by default (may be raised)
ENVIRONMENTS = 1_000
# API Gateway developer guide, "Quotas": requests per second and burst of an account by default (may be raised)
API_REQUESTS_PER_SECOND = 10_000
API_BURST = 5_000

# ASSUMED: partitions may use one second's worth of unused units at once (documented: bursts are best effort)
BURST_SECONDS = 1.0
# ASSUMED: "single-digit milliseconds" is documented; these medians and spread (sigma of a lognormal) are not
TRANSACTION_SECONDS = 0.006
SERIALISABLE_READ_SECONDS = 0.005
PLAIN_READ_SECONDS = 0.003
SPREAD = 0.4
# ASSUMED: "Distributed Transactions at Scale in Amazon DynamoDB" (USENIX ATC 2023): an item is taken from its prepare
# to its commit and other transactions on it are rejected meanwhile; here from 30 % to 80 % of the call
PREPARED_AT, COMMITTED_AT = 0.3, 0.8
# ASSUMED: a cold start (mostly the import of boto3) and the handler's own time, medians
COLD_START_SECONDS = 0.9
HANDLER_SECONDS = 0.003
# ASSUMED: what is warm before the opening, and how long a client waits after 429 or 503 (jittered, doubling up to 8
# times)
WARM_ENVIRONMENTS = 20
CLIENT_WAIT_SECONDS = 0.5
