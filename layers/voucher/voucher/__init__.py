"""The voucher programme of Lishui: policy, records, refusals, rules, store and edge, shared by every function."""

import gc

# Python looks for circular garbage whenever so many more objects have come than gone, 2,000 unless told. An import
# makes some 200,000 that stay, and looking through them again and again takes a sixth of a cold start.
gc.set_threshold(500_000)
