"""Every state machine of the programme, once: thing → action → the states it starts from, and the state it leads to.

    "order": {"accept": ("placed", "accepted"), …}     an order that is placed may be accepted, and then is accepted

What is not written here is forbidden and answers 409. `erase` is the schedule's: the words and names in a record go
when their time is over (policy.Retention), and what the books need stays. Who takes a
step, and with which call, is in `actions.py`.
"""

# the state stays what it is
SAME = "="
# back to the state that the record itself remembers: the caller gives it
FORMER = "<"
Steps = dict[str, tuple[str, str]]

LIFECYCLES: dict[str, Steps] = {
    "enterprise": {  # §4.1
        "edit": ("draft returned rejected", SAME),
        "edit_contact": ("draft submitted returned rejected approved disqualified", SAME),
        "add_document": ("draft returned rejected", SAME),
        "submit": ("draft returned rejected", "submitted"),
        "withdraw": ("submitted", "draft"),  # as long as it was never approved
        "approve": ("submitted", "approved"),
        "return": ("submitted", "returned"),
        "reject": ("submitted", "rejected"),
        # beside approved, these are for one that was approved before, and reopened
        "report_change": ("approved submitted returned rejected", SAME),
        "add_change_paper": ("approved submitted returned rejected", SAME),
        "adopt_change": ("approved", SAME),
        "reopen": ("approved submitted returned rejected", "returned"),
        "propose_disqualification": ("approved submitted returned rejected", SAME),
        "state_position": ("approved submitted returned rejected", SAME),
        "approve_disqualification": ("approved submitted returned rejected", "disqualified"),
        "reject_disqualification": ("approved submitted returned rejected", SAME),
        "restore": ("disqualified", FORMER),
        "reapply": ("disqualified", "returned"),  # from the next year on
        "revoke": ("submitted returned rejected", "revoked"),  # as long as it was never approved
        "erase": ("draft returned rejected revoked approved disqualified", SAME),
    },
    "claim": {  # §3.2.1, §4.1.1
        "add_document": ("draft", SAME),
        "submit": ("draft", "submitted"),
        "state_position": ("submitted forwarded", SAME),
        "withdraw": ("draft submitted forwarded", "withdrawn"),  # by whoever claims, until the bureau decides
        "forward": ("submitted", "forwarded"),
        "decline": ("submitted", "rejected"),
        "approve": ("forwarded", "approved"),
        "reject": ("forwarded", "rejected"),
        "erase": ("draft submitted forwarded withdrawn approved rejected", SAME),
    },
    "change": {  # §3.2.3, §4.1.3
        "keep": ("reported", "kept"),
        "adopt": ("reported", "adopted"),
        "return": ("reported", "returned"),
        "disqualify": ("reported", "disqualification_proposed"),
        "remove": ("reported", "removal_proposed"),
        "erase": ("reported kept adopted returned disqualified disqualification_proposed removal_proposed", SAME),
    },
    "agency": {  # §3.2, §3.4.1
        "edit_contact": (
            "draft submitted pre_reviewed returned rejected active removal_proposed removed",
            SAME,
        ),
        "add_document": ("draft returned active rejected", SAME),
        "edit": ("draft returned rejected", SAME),
        "submit": ("draft returned rejected", "submitted"),
        "withdraw": ("submitted", "draft"),  # as long as it was never approved
        "pre_review.approve": ("submitted", "pre_reviewed"),
        "pre_review.return": ("submitted", "returned"),
        "pre_review.reject": ("submitted", "rejected"),
        "approve": ("pre_reviewed", "active"),
        "return": ("pre_reviewed", "returned"),
        "reject": ("pre_reviewed", "rejected"),
        # beside active, these are for one that was approved before, on its way to the next approval
        "report_change": ("active submitted pre_reviewed returned rejected", SAME),
        "add_change_paper": ("active submitted pre_reviewed returned rejected", SAME),
        "adopt_change": ("active", SAME),
        "reopen": ("active submitted pre_reviewed returned rejected", "returned"),
        "renew": ("active returned rejected", "submitted"),
        "propose_removal": ("active submitted pre_reviewed returned rejected", "removal_proposed"),
        "approve_removal": ("removal_proposed", "removed"),
        "state_position": ("removal_proposed", SAME),
        "reject_removal": ("removal_proposed", FORMER),
        "restore": ("removed", FORMER),
        "reapply": ("removed", "returned"),  # from the next year on
        "revoke": ("submitted pre_reviewed returned rejected", "revoked"),  # as long as it was never approved
        "erase": ("draft returned rejected revoked active removed", SAME),
    },
    "product": {  # §3.3
        "edit": ("draft published withdrawn", SAME),
        "publish": ("draft published withdrawn", "published"),
        "withdraw": ("draft published", "withdrawn"),
    },
    "programme": {  # §1.3, §1.4b
        "edit": ("draft", SAME),
        "confirm": ("draft", "open"),
        "propose_total": ("open", SAME),
        "confirm_total": ("open", SAME),
        "close_year": ("open", "closed"),
    },
    "batch": {  # §1.4a
        "edit": ("draft", SAME),
        "withdraw": ("draft", "withdrawn"),
        "publish": ("draft", "published"),
        "close": ("published", "closed"),
    },
    "order": {  # §4.2.1, §3.5.1
        "accept": ("placed", "accepted"),
        "refuse": ("placed", "refused"),
        "withdraw": ("placed", "withdrawn"),  # no contract yet, so the enterprise alone
        "run_out": ("placed", "cancelled"),  # the agency did not answer in time
        "contract": ("placed accepted", SAME),
        "acknowledge": ("accepted", SAME),
        "deliver": ("accepted", "delivered"),
        "confirm": ("delivered", "completed"),
        "dispute": ("delivered", SAME),
        "decide.confirm": ("delivered", "completed"),
        "decide.return": ("delivered", "accepted"),
        "decide.cancel": ("delivered", "cancelled"),
        "request_cancel": ("placed accepted delivered completed settling", SAME),
        "withdraw_cancel": ("placed accepted delivered completed settling", SAME),
        "cancel": ("placed accepted delivered completed settling", "cancelled"),
        "expire": ("placed accepted", "cancelled"),
        "lapse": ("accepted delivered completed settling", "cancelled"),  # not handed in for settlement in time
        "rate": ("completed settling payable paid", SAME),
        "settle": ("completed", "settling"),
        "reduce": ("settling", SAME),
        "unsettle": ("settling", "completed"),
        "approve": ("settling", "payable"),
        "take_back": ("payable", "completed"),
        "pay": ("payable", "paid"),
        "send_back": ("paid", "payable"),
        "recover": ("paid", SAME),
        "withdraw_recovery": ("paid", SAME),
        "receive": ("paid", SAME),
        "decide_subsidy": ("settling payable", SAME),  # §5.2b: whether another subsidy is for the same item
        # §5.2b: a violation on record that names an order stops what is decided on its money
        "hold": ("placed accepted delivered completed settling payable paid", SAME),
        "release": ("placed accepted delivered completed settling payable paid", SAME),
        "erase": ("refused withdrawn cancelled paid", SAME),
    },
    "settlement": {  # §3.5.1, §3.5.2
        "add_document": ("draft submitted reviewed", SAME),
        "submit": ("draft submitted reviewed", "submitted"),
        "pre_review": ("submitted", "reviewed"),
        "withdraw": ("draft submitted reviewed", "withdrawn"),
        "erase": ("withdrawn", SAME),
    },
    "line": {  # §3.5.2, §3.5.3; the agency withdraws, from a round on the operator takes out
        "edit": ("draft returned", SAME),
        "submit": ("draft returned", "submitted"),
        "withdraw": ("draft returned submitted passed", "withdrawn"),
        # §5.2b: what is payable, as long as it is not on its way to the bank
        "take_out": ("gathered approved noticed payable", "withdrawn"),
        "pass": ("submitted", "passed"),
        "return": ("submitted gathered", "returned"),
        "reject": ("submitted gathered", "rejected"),
        "gather": ("passed", "gathered"),
        "approve": ("gathered", "approved"),
        "publish": ("approved", "noticed"),
        "close": ("noticed", "payable"),
        "uphold": ("noticed", "returned"),
        "release": ("noticed", "passed"),
        # §5.2b: another list names the enterprise, or no longer; the bureau decides whether that is the same item
        "relist": ("draft returned submitted passed gathered approved noticed payable", SAME),
        "decide_subsidy": ("draft returned submitted passed gathered approved noticed payable", SAME),
    },
    "round": {  # §3.5.2, §3.5.3
        "approve": ("gathered", "approved"),
        "reject": ("gathered", "rejected"),
        "empty": ("gathered approved", "rejected"),  # its last line was taken out
        "notice": ("approved", "noticed"),
        "close": ("noticed", "closed"),
    },
    "notice": {  # §3.5.3; while it is being closed nobody objects any more
        "object": ("running", SAME),
        "announce_end": ("running", SAME),
        "begin_close": ("running", "closing"),
        "close": ("closing", "closed"),
    },
    "objection": {  # §3.5.3
        "uphold": ("standing", "upheld"),
        "reject": ("standing", "rejected"),
        "erase": ("upheld rejected", SAME),
    },
    "payable": {  # §3.5.4
        "invoice": ("awaiting_invoice", "invoiced"),
        "reduce": ("awaiting_invoice invoiced", "awaiting_invoice"),
        "drop": ("awaiting_invoice invoiced", "dropped"),
        "propose_account": ("invoiced", SAME),
        "decide_account": ("invoiced", SAME),
        "make_payout": ("invoiced", "paying"),
        "paid": ("paying", "paid"),
        "failed": ("paying", "invoiced"),
        "withdraw": ("paying", "invoiced"),
        "send_back": ("paid", "invoiced"),
        "erase": ("paid dropped", SAME),
    },
    "payout": {  # §3.5.4
        # §5.2b: a violation on record holds one of its orders, or does so no more
        "hold": ("made", SAME),
        "release": ("made", SAME),
        "paid": ("made", "paid"),
        "failed": ("made", "failed"),
        # §5.2b: a held one of which no bank was told
        "withdraw": ("made", "withdrawn"),
        "send_back": ("paid", "returned"),
    },
    "list_import": {  # §2.1.1, §2.3.1
        "parse": ("waiting", "parsed"),
        "fail": ("waiting", "failed"),
        "apply": ("parsed", "applying"),
        "finish": ("applying", "applied"),
        "erase": ("waiting parsed failed applied", "erased"),
    },
    "activity": {  # §3.4.2
        "add_document": ("draft returned", SAME),
        "submit": ("draft returned", "submitted"),
        "confirm": ("submitted", "confirmed"),
        "return": ("submitted", "returned"),
        "cancel": ("draft submitted returned confirmed", "cancelled"),
        "erase": ("draft returned confirmed cancelled", SAME),
    },
    "inspection": {  # §5.1
        "conclude": ("open", "concluded"),
        "sign": ("concluded", "signed"),  # §5.1.3: finance, what the bureau concluded
    },
    "yearly_file": {  # §5.1
        "confirm_receipt": ("made", "confirmed"),  # the bureau, and then
        "confirm_receipt.last": ("confirmed", "received"),  # finance
    },
    "check": {  # §5.1.1, §5.1.2
        "attempt": ("drawn", SAME),
        "report": ("drawn", "reported"),
        "report.alone": ("drawn", "closed"),  # an enterprise's answers, where nothing is found
        "drop": ("drawn", "dropped"),
        # the other inspector
        "return": ("reported", "drawn"),
        "countersign.close": ("reported", "closed"),
        "countersign.rectify": ("reported", "rectifying"),
        "countersign.refer": ("reported", "referred"),
        "answer": ("rectifying", "answered"),
        "state_position": ("referred", SAME),
        "follow_up.close": ("rectifying answered", "closed"),
        "follow_up.refer": ("rectifying answered", "referred"),
        "decide": ("referred", "closed"),
        "erase": ("closed dropped", SAME),
    },
    "complaint": {  # §5.3
        "add_document": ("received accepted paused escalated", SAME),
        "take_up": ("received", "accepted"),
        "redirect": ("received accepted paused", "redirected"),
        "link": ("received accepted paused", "linked"),
        "examine": ("accepted", SAME),
        "pause": ("accepted", "paused"),
        "resume": ("paused", "accepted"),
        "state_position": ("accepted paused escalated", SAME),
        "reply": ("accepted", "answered"),
        "escalate": ("accepted", "escalated"),
        "decide": ("escalated", "answered"),
        "withdraw": ("received accepted paused escalated linked", "withdrawn"),
        "erase": ("answered redirected linked withdrawn", SAME),
    },
    "violation": {  # §2.1.3
        "release": ("standing", SAME),  # one order of those that it names
        "lift": ("standing", "lifted"),
        "erase": ("lifted", SAME),
    },
}
