"""A message that a worker cannot handle goes to the dead-letter queue after retries; the other messages are handled."""

import json

from infra.demo.plan import owner_of
from infra.demo.scheduled import wait_until
from tests.journeys.deployment import Deployment

BROKEN_BODY = "这不是 JSON"


def test_a_broken_message_ends_in_the_dead_letter_queue_the_others_in_the_inbox(
    deployment: Deployment,
) -> None:
    resources, queues, enterprise = deployment.resources(), deployment.aws("sqs"), deployment.add_approved_enterprise()
    url, dead_letters = resources["NotifyQueue"], resources["NotifyDeadLetters"]
    # a failed message comes back at once instead of after three minutes
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    notice = {"kind": "enterprise", "recipient": enterprise.uscc, "about": f"enterprise:{enterprise.uscc}"}
    bodies_of_notices = [json.dumps(notice | {"message_id": f"m{n}", "subject": f"通知 {n}"}) for n in range(3)]
    bodies = [bodies_of_notices[0], BROKEN_BODY, *bodies_of_notices[1:]]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    queues.send_message_batch(QueueUrl=url, Entries=entries)

    received: list[str] = []

    def has_dead_letter() -> bool:
        answer = queues.receive_message(QueueUrl=dead_letters, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        received.extend(message["Body"] for message in answer.get("Messages", []))
        return bool(received)

    wait_until(has_dead_letter)
    assert received == [BROKEN_BODY]
    subjects = [each["subject"] for each in deployment.get(owner_of(enterprise.uscc), "/inbox")["items"]]
    assert sorted(each for each in subjects if each.startswith("通知")) == ["通知 0", "通知 1", "通知 2"]
