"""The frozen records that rules decide on and the store keeps, one file for each subject.

Amounts are int fen; instants are aware UTC datetimes; dates are days in Asia/Shanghai. A record never changes: a step
makes the next version of it. A function imports only the subjects that it uses, since each class costs a cold start.
"""
