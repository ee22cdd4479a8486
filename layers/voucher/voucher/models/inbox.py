"""Messages in a person's inbox."""

from voucher.models.base import Record


class InboxMessage(Record):
    """One message to one person."""

    message_id: str
    sub: str
    uscc: str
    subject: str
    about: str
    at: str
    read: bool = False
