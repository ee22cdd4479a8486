"""The voucher programme of Lishui: policy, records, refusals, rules, store and edge, shared by every function."""
