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
# DynamoDB developer guide, "Warm throughput": what a new on-demand table takes at once
COLD_WRITE_UNITS = 4_000
COLD_READ_UNITS = 12_000
# Lambda developer guide, "Scaling behavior": new environments per function, refilled continuously, never more saved up
ENVIRONMENT_STARTS = 1_000
ENVIRONMENT_START_PERIOD_SECONDS = 10.0
# Lambda developer guide, "Quotas": concurrent executions of an account by default (may be raised), and how many of them
# must belong to nobody; requests per second that each of a function's share stands for
ENVIRONMENTS = 1_000
UNSHARED_ENVIRONMENTS = 100
REQUESTS_PER_ENVIRONMENT = 10
# API Gateway developer guide, "Quotas": requests per second and burst of an account by default (may be raised)
API_REQUESTS_PER_SECOND = 10_000
API_BURST = 5_000
# template.yaml, ReauthorizeEvery: how long the authorizer's answer is remembered under a token
AUTHORIZED_SECONDS = 60.0

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
# ASSUMED: a cold start (mostly imports and the first connection) and the handler's own time, medians; the authorizer
# also fetches the issuer's keys
COLD_START_SECONDS = 0.9
HANDLER_SECONDS = 0.003
AUTHORIZER_COLD_START_SECONDS = 0.6
AUTHORIZER_HANDLER_SECONDS = 0.004
# ASSUMED: environments of each function that are warm before the opening
WARM_ENVIRONMENTS = 20
# ASSUMED: API Gateway throttles a method before it asks the authorizer; a call for which Lambda has no environment is
# answered 502, and clients ask again as after 429: not before Retry-After, and then within a time that doubles up to
MOST_JITTER_SECONDS = 8.0
# ASSUMED: the share of answers that are lost on the way; their claimants ask again
LOST_ANSWERS = 0.005
# ASSUMED: how arrivals crowd at the opening: the density falls as the square of the time that is left, so that it is
# three times the even one at first, and half of all come within the first fifth
CROWDING = 3
