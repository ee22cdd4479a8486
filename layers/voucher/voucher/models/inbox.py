"""Messages in an inbox: of one person, or shared by the holders of a staff role."""

from typing import Literal, TypedDict

from voucher.models.base import Record

MessageState = Literal["unread", "read"]


class InboxMessage(Record):
    """One message. `sub` is whose inbox it is in: a person's subject, or the shared inbox of a staff role. `recipient`
    is whom it was sent to: the credit code of an organisation that the person acts for, did, or claims, or the word of
    that role."""

    message_id: str
    sub: str
    recipient: str
    subject: str
    about: str
    at: str
    read: bool = False


class Membership(TypedDict):
    """An organisation that a person acts for."""

    kind: Literal["enterprise", "agency"]
    uscc: str


class Me(TypedDict):
    """Who is calling: the token's subject, staff roles, organisations."""

    sub: str
    roles: list[str]
    organisations: list[Membership]


class Health(TypedDict):
    """The service is up."""

    status: Literal["ok"]
