"""The simulated AWS around the deployed handlers: processes, the wire to each service, queues, streams, schedules.

The handlers run unchanged. What they hold of AWS are the clients of `store/engine` and `edge/queues`; here these are
wires, on which a call takes its time and may go wrong, as botocore would tell it.
"""

import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.races.interleaving import give_each_thread_its_request
from tests.simulation.chance import Chance
from tests.simulation.dynamodb import Change, DynamoDB, error
from tests.simulation.scheduler import Killed, Scheduler
from tests.support import backend
from tests.support.bucket import BucketInMemory
from tests.support.vault import Vault
from voucher.edge import clock, queues
from voucher.refusals import Refused
from voucher.store.engine import files, patience, pools, sealing, table

START = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)

RETRIED = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "SlowDown",
}
# what the store handles, so that no fault of a handler is explained by it
EXPECTED = {"TransactionCanceledException"}
# queues whose work the sweep derives from the records
SENT_AGAIN = {"import_list", "void_vouchers", "close_year", "end_orders", "retention"}
KEYS = {"BANK_ACCOUNTS_KEY": "key-1", "MAILBOX_KEY": "key-1", "ACCOUNT_MATCHING_KEY": "key-2"}

Json = dict[str, Any]


class WireTimeoutError(ReadTimeoutError):
    """No answer came in time."""

    def __init__(self) -> None:
        super().__init__(endpoint_url="simulated")


@dataclass
class Process:
    """A Lambda process: the module of its function, its clock, until when it may work, and whether a call of AWS failed
    in what it does now."""

    module: ModuleType
    skew: float
    deadline: float = 0.0
    has_failed_call: bool = False


@dataclass(frozen=True)
class QueueSettings:
    """What infra/data.yaml says of a queue; in seconds."""

    delay: float
    visibility: float
    most_received: int


@cache
def queue_settings() -> dict[str, QueueSettings]:
    """Queue → what the template says of it."""
    resources = backend.template("infra/data.yaml")["Resources"]
    found = {}
    for name in backend.QUEUES:
        told = resources[f"{name.title().replace('_', '')}Queue"]["Properties"]
        most = told["RedrivePolicy"]["maxReceiveCount"]
        found[name] = QueueSettings(told.get("DelaySeconds", 0), told["VisibilityTimeout"], most)
    return found


@cache
def timeout_of(folder: str) -> float:
    """A function's time-out, in seconds, as template.yaml has it."""
    told = backend.template("template.yaml")
    default = told["Globals"]["Function"]["Timeout"]
    name = folder.title().replace("_", "")
    return float(told["Resources"].get(name, {}).get("Properties", {}).get("Timeout", default))


@dataclass
class Message:
    """A message of a queue."""

    queue: str
    body: str
    received: int = 0


@dataclass
class Cloud:
    """One simulated region, from its first second to its end. `log` has each fault of a call, and when it struck;
    `unexplained` the faults of handlers to whom no call of AWS had failed."""

    scheduler: Scheduler
    chance: Chance
    tables: DynamoDB
    files: BucketInMemory = field(default_factory=BucketInMemory)
    log: list[tuple[float, str, str]] = field(default_factory=list)
    dead_letters: list[Message] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    underway: int = 0
    _release: int = 0
    _started: Counter[str] = field(default_factory=Counter)
    _idle: defaultdict[str, list[Process]] = field(default_factory=lambda: defaultdict(list))
    _shards: defaultdict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    _read: set[str] = field(default_factory=set)

    def now(self) -> datetime:
        """What the clock of the running process shows."""
        task = self.scheduler.current
        skew = task.process.skew if task is not None and task.process is not None else 0.0
        instant = START + timedelta(seconds=self.scheduler.now + skew)
        return instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    # processes

    def invoke(self, folder: str, event: Json) -> Any:
        """Run a function in a process of its own, as long as it takes. Raises Killed if that process ended."""
        task = self.scheduler.current
        assert task is not None
        idle, release = self._idle[folder], self._release
        process = idle.pop() if idle else self._start(folder)
        process.deadline, process.has_failed_call = self.scheduler.now + timeout_of(folder), False
        task.process = process
        try:
            answer = process.module.handler(event, None)
        except Exception as fault:
            # in a rush a schedule may give up; and to a clock that is behind its instant has not come
            is_early = isinstance(fault, ValueError) and process.skew < 0
            if not (process.has_failed_call or is_early or isinstance(fault, Refused | table.Contended)):
                self.unexplained.append(f"{folder}: {type(fault).__name__} {fault}")
            raise
        except Killed:
            backend.forget(process.module)  # the next process of this module is another one
            process.skew = self._skew()
            raise
        finally:
            task.process = None
            if release == self._release:
                self._idle[folder].append(process)
        if not process.has_failed_call and '"FAULT"' in str(answer.get("body") if isinstance(answer, dict) else ""):
            self.unexplained.append(f"{folder}: {answer['body']}")
        return answer

    def deploy(self) -> None:
        """New processes for all that begins from now on; what is under way ends in the old ones."""
        self._idle.clear()
        self._release += 1
        self.chance.met["deployment"] += 1

    def _start(self, folder: str) -> Process:
        self._started[folder] += 1
        return Process(_load(folder, self._started[folder] - 1), self._skew())

    def _skew(self) -> float:
        return self.chance.random.uniform(-1, 1) * self.chance.skew_seconds

    # the wire

    def ask(self, service: str, operation: str, serve: Callable[..., Any], request: Json) -> Any:
        """One call as botocore makes it: it comes again after what may pass."""
        task = self.scheduler.current
        if task is None or task.process is None:
            return serve(**request)  # a test prepares or looks
        for attempt in range(patience.TRIES):
            try:
                return self._attempt(task.process, service, operation, serve, request)
            except (WireTimeoutError, ClientError) as fault:
                code = fault.response["Error"]["Code"] if isinstance(fault, ClientError) else ""
                if (code and code not in RETRIED) or attempt == patience.TRIES - 1:
                    task.process.has_failed_call |= code not in EXPECTED
                    raise
            self._sleep(task.process, self.chance.random.random() * 2**attempt * 0.05)
        raise AssertionError

    def _attempt(self, process: Process, service: str, operation: str, serve: Callable[..., Any], request: Json) -> Any:
        fault = self.chance.fault()
        if fault:
            self.log.append((self.scheduler.now, f"{service}.{operation}", fault))
        if fault == "killed before":
            raise Killed
        self._sleep(process, self.chance.latency())
        if fault == "request lost":
            self._sleep(process, patience.READ_SECONDS)
            raise WireTimeoutError
        if fault in ("500", "throttled"):
            raise error("InternalServerError" if fault == "500" else _throttle_of(service))
        answer = serve(**request)
        if fault == "killed after":
            raise Killed
        if fault == "answer lost":
            self._sleep(process, patience.READ_SECONDS)
            raise WireTimeoutError
        if fault == "500 though done":
            raise error("InternalServerError")
        self._sleep(process, self.chance.latency())
        return answer

    def _sleep(self, process: Process, seconds: float) -> None:
        if self.scheduler.now + seconds > process.deadline:
            self.scheduler.sleep(max(0.0, process.deadline - self.scheduler.now))
            self.chance.met["timed out"] += 1
            raise Killed
        self.scheduler.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Replaces `time.sleep` in the store."""
        task = self.scheduler.current
        if task is not None and task.process is not None:
            self._sleep(task.process, seconds)

    # streams and queues

    def stream(self, change: Change) -> None:
        """A change of an item goes into the stream of its table; what happens to one item stays in order."""
        if change.table.name not in table.STREAMED or change.old == change.new:
            return
        images = {"OldImage": change.old} if change.old else {}
        images |= {"NewImage": change.new} if change.new else {}
        record = {"dynamodb": images | {"ApproximateCreationDateTime": (START.timestamp() + self.scheduler.now) // 1}}
        shard = f"{change.table.name}{sum(map(ord, change.at[0])) % 2}"
        self._shards[shard].append(record)
        if shard not in self._read:
            self._read.add(shard)
            self.underway += 1
            self.scheduler.spawn(lambda: self._relay(shard), self.chance.random.uniform(0.05, 1.5))

    def _relay(self, shard: str) -> None:
        """Read a shard to its end; a batch that fails comes again before the next one."""
        waiting = self._shards[shard]
        while waiting:
            part = waiting[: self.chance.random.randint(1, 100)]
            try:
                self.invoke("relay", {"Records": part})
            except (Killed, Exception):  # noqa: BLE001 - whatever it was, the stream delivers again
                self.scheduler.sleep(self.chance.random.uniform(0.1, 2))
                continue
            if not self.chance.happens("changes again"):
                del waiting[: len(part)]
        self._read.discard(shard)
        self.underway -= 1

    def send(self, queue: str, body: str) -> None:
        """A message is in its queue. Of those that a night sends again one may be lost."""
        if queue in SENT_AGAIN and self.chance.happens("message lost"):
            return
        self.underway += 1
        delay = queue_settings()[queue].delay + self.chance.random.expovariate(2)
        self._deliver(Message(queue, body), delay)

    def _deliver(self, message: Message, delay: float) -> None:
        self.scheduler.spawn(lambda: self._work(message), delay)

    def _work(self, message: Message) -> None:
        message.received += 1
        record = {"messageId": "m", "receiptHandle": "r", "body": message.body, "eventSource": "aws:sqs"}
        event = {"Records": [record | {"attributes": {}, "messageAttributes": {}}]}
        begun = self.scheduler.now
        try:
            failed = self.invoke(message.queue, event)["batchItemFailures"]
        except (Killed, Exception):  # noqa: BLE001 - whatever it was, the queue delivers again
            failed = [message]
        if not failed and not self.chance.happens("message again"):
            self.underway -= 1
            return
        self.chance.met["redelivered"] += 1
        settings = queue_settings()[message.queue]
        if message.received >= settings.most_received and failed:
            self.dead_letters.append(message)
            self.underway -= 1
            return
        self._deliver(message, max(0.0, begun + settings.visibility - self.scheduler.now) if failed else 1.0)

    def redrive(self) -> None:
        """What an operator does once the faults are over: dead letters go back to their queues."""
        letters, self.dead_letters = self.dead_letters, []
        for letter in letters:
            self.underway += 1
            self._deliver(Message(letter.queue, letter.body), 0.1)


class _Wire:
    """A client whose calls go over the simulated wire."""

    def __init__(self, cloud: Cloud, service: str, servant: Any) -> None:
        self._cloud, self._service, self._servant = cloud, service, servant

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        serve = getattr(self._servant, operation)
        return lambda *given, **request: (
            serve(*given, **request) if given else self._cloud.ask(self._service, operation, serve, request)
        )


class _Queues:
    """SQS as the handlers use it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Json]) -> Json:  # noqa: N803
        """SendMessageBatch."""
        for entry in Entries:
            self._cloud.send(QueueUrl, entry["MessageBody"])
        return {"Successful": Entries}


def _throttle_of(service: str) -> str:
    return "ProvisionedThroughputExceededException" if service == "dynamodb" else "SlowDown"


# every module of a function that remembers something, of all runs so far
MODULES: defaultdict[str, list[ModuleType]] = defaultdict(list)


def _load(folder: str, number: int) -> ModuleType:
    """The module of the function's process of this number, which remembers nothing. Only what remembers something
    needs a module of its own, and the other files of its folder, too; the others share one."""
    if folder not in backend.REMEMBERING:
        return backend.function(folder)
    modules = MODULES[folder]
    if number == len(modules):
        others = {each.stem for each in (backend.ROOT / "functions" / folder).glob("*.py")}
        shared = {name: sys.modules.pop(name) for name in others if name in sys.modules}
        modules.append(backend.load_function(folder, f"function_{folder}_{number}"))
        for name in others:
            sys.modules.pop(name, None)
        sys.modules.update(shared)
    backend.forget(modules[number])
    return modules[number]


@contextmanager
def simulated(seed: int, without: Container[str] = ()) -> Iterator[Cloud]:
    """A region of its own while the block lasts; everything that happens in it follows from the seed."""
    scheduler, chance = Scheduler(), Chance(seed, without)
    tables = DynamoDB(scheduler, chance, backend.table_definitions())
    cloud = Cloud(scheduler, chance, tables)
    tables.on_change = cloud.stream
    dice = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        for word in tables.tables:
            patch.setenv(f"{word.upper()}_TABLE", word)
        for queue in backend.QUEUES:
            patch.setenv(f"{queue.upper()}_QUEUE_URL", queue)
        for name, value in {"DOCUMENTS_BUCKET": backend.BUCKET, **KEYS}.items():
            patch.setenv(name, value)
        servants = {"dynamodb": tables, "sqs": _Queues(cloud), "s3": cloud.files, "kms": Vault()}
        for module, service in ((table, "dynamodb"), (queues, "sqs"), (files, "s3"), (sealing, "kms")):
            wire = _Wire(cloud, service, servants[service])
            patch.setattr(module, "client", lambda wire=wire: wire)
        patch.setattr(clock, "now", cloud.now)
        for module in (table, pools):
            patch.setattr(module, "time", SimpleNamespace(sleep=cloud.pause))
            patch.setattr(module, "random", dice)
        patch.setattr(os, "urandom", dice.randbytes)
        patch.setattr(random, "_urandom", dice.randbytes)
        give_each_thread_its_request(patch)
        try:
            yield cloud
        finally:
            scheduler.give_up()
