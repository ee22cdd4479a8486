"""Dead letters: what lies there, and how it goes back.

Messages go back one by one: to their queue first, then out of the dead letters. So one may come twice, which every
worker bears, and none is lost. What the relay gave up has no body, only its place in a stream, which keeps it for a
day: it is read there again and handed to the relay. A night that failed is run again, with its own instant.
"""

import json
from collections.abc import Iterator
from typing import Any

from infra.operate.deployed import DEAD_LETTERS, FUNCTION, QUEUE, Deployed, NotPossible
from infra.operate.functions import invoke

RELAY, NIGHTS = "RelayDeadLetters", "NightsDeadLetters"
MOST_RECORDS = 100


def waiting(deployed: Deployed) -> dict[str, int]:
    """Queue, or dead letters → how many messages wait there, about."""
    queues, wanted = deployed.client("sqs"), "ApproximateNumberOfMessages"
    return {
        name: int(queues.get_queue_attributes(QueueUrl=url, AttributeNames=[wanted])["Attributes"][wanted])
        for name, url in sorted(deployed.of(QUEUE).items())
    }


def redrive(deployed: Deployed, name: str) -> int:
    """Put all dead letters of one queue back where they came from; how many. Raises NotPossible for a queue that is
    none of dead letters."""
    if not name.endswith(DEAD_LETTERS):
        raise NotPossible(f"{name} are no dead letters")
    queues, url, count = deployed.client("sqs"), deployed.queue(name), 0
    source = None if name in (RELAY, NIGHTS) else deployed.queue(f"{name.removesuffix(DEAD_LETTERS)}Queue")
    for message in _messages(queues, url):
        if source:
            queues.send_message(QueueUrl=source, MessageBody=message["Body"])
        elif name == NIGHTS:
            _run_again(deployed, message)
        else:
            _relay_again(deployed, json.loads(message["Body"]))
        queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        count += 1
    return count


def _messages(queues: Any, url: str) -> Iterator[dict[str, Any]]:
    """Until two long polls in a row find nothing."""
    empty = 0
    while empty < 2:
        wanted = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "VisibilityTimeout": 60}
        answer = queues.receive_message(QueueUrl=url, WaitTimeSeconds=1, **wanted)
        found = answer.get("Messages", [])
        empty = 0 if found else empty + 1
        yield from found


def _run_again(deployed: Deployed, message: dict[str, Any]) -> None:
    """Invoke a function with the event of a night that failed, as Lambda or the scheduler has laid it down. Raises
    NotPossible if it fails again: then it stays among the dead letters."""
    body = json.loads(message["Body"])
    if "requestPayload" in body:  # it was handed over, and every try failed
        arn, event = body["requestContext"]["functionArn"], body["requestPayload"]
    else:
        arn, event = message["MessageAttributes"]["TARGET_ARN"]["StringValue"], body
    name = arn.split(":function:")[1].partition(":")[0]
    [logical] = [each for each, physical in deployed.of(FUNCTION).items() if physical == name]
    invoke(deployed, logical, event)


def _relay_again(deployed: Deployed, given_up: dict[str, Any]) -> None:
    """Hand the relay once more what it gave up. Raises NotPossible if the stream has forgotten it, or the relay fails
    again: then it stays among the dead letters."""
    records = list(_records(deployed, given_up["DDBStreamBatchInfo"]))
    event = json.dumps({"Records": records}, default=lambda instant: instant.timestamp())
    answer = deployed.client("lambda").invoke(FunctionName=deployed.function("Relay"), Payload=event)
    if answer.get("FunctionError"):
        raise NotPossible(f"the relay failed again: {answer['Payload'].read().decode()[:300]}")


def _records(deployed: Deployed, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The stream's records from the first to the last sequence number of a batch."""
    streams = deployed.client("dynamodbstreams")
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=place["streamArn"],
            ShardId=place["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=place["startSequenceNumber"],
        )["ShardIterator"]
    except (streams.exceptions.TrimmedDataAccessException, streams.exceptions.ResourceNotFoundException):
        raise NotPossible("the stream has forgotten it: it keeps its records for a day") from None
    last = int(place["endSequenceNumber"])
    while iterator:
        answer = streams.get_records(ShardIterator=iterator, Limit=MOST_RECORDS)
        for record in answer["Records"]:
            if int(record["dynamodb"]["SequenceNumber"]) > last:
                return
            yield {"eventID": record["eventID"], "eventName": record["eventName"], "dynamodb": record["dynamodb"]}
            if int(record["dynamodb"]["SequenceNumber"]) == last:
                return
        iterator = answer.get("NextShardIterator") if answer["Records"] else None
