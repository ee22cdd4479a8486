"""What a worker cannot do is tried again and parked in the dead-letter queue; what stands beside it is done."""

import json

from infra.demo.city import owner_of
from infra.demo.night import wait_for
from tests.journeys.place import Place

POISON = "这不是 JSON"


def test_a_poisoned_message_ends_in_the_dead_letter_queue_and_its_neighbours_in_the_inbox(place: Place) -> None:
    resources, queues, firm = place.resources(), place.aws("sqs"), place.drafted_firm()
    url, parked = resources["NotifyQueue"], resources["NotifyDeadLetters"]
    # A failed message comes back at once instead of after three minutes.
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    notice = {"kind": "enterprise", "recipient": firm.uscc, "about": f"enterprise:{firm.uscc}"}
    good = [json.dumps(notice | {"message_id": f"m{n}", "subject": f"通知 {n}"}) for n in range(3)]
    bodies = [good[0], POISON, *good[1:]]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    queues.send_message_batch(QueueUrl=url, Entries=entries)

    received: list[str] = []

    def one_is_parked() -> bool:
        answer = queues.receive_message(QueueUrl=parked, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        received.extend(message["Body"] for message in answer.get("Messages", []))
        return bool(received)

    wait_for(one_is_parked)
    assert received == [POISON]
    found = place.shown(owner_of(firm.uscc), "/inbox")["items"]
    assert sorted(each["subject"] for each in found) == ["通知 0", "通知 1", "通知 2"]
