"""Teaches MiniStack two things about permissions in which AWS differs from it.

One message and several need the same permission, `sqs:SendMessage`: there is no `sqs:SendMessageBatch`. And whoever is
on this machine counts as coming over TLS, which our policies insist on and which there is none of here.
"""

import importlib
from typing import Any


def teach() -> None:
    """Have the emulator do so. MiniStack must have been imported from its own packages."""
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    extract, resolve = actions.extract_iam_action, evaluator._resolve_condition_key

    def extract_known(*request: Any, **more: Any) -> Any:
        action = extract(*request, **more)
        return action.replace("SendMessageBatch", "SendMessage") if isinstance(action, str) else action

    def resolve_local(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    actions.extract_iam_action = extract_known
    evaluator._resolve_condition_key = resolve_local
