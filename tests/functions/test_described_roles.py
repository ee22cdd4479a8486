"""Who may call, as the document says it and as the accepted calls of the tests have it."""

from tests.support.calls.call import STAFF
from tests.support.calls.everything import Everything
from tests.support.contract import document

# what is owed already is taken out by the bureau, all else by the operator
MORE = {"POST /rounds/{round_id}/lines/{order_id}/withdraw": ("bureau",)}


def test_the_document_names_the_roles_that_may_call_and_no_others(everything: Everything) -> None:
    for name, call in everything.calls.items():
        method, path = name.split(" ")
        roles = set(document()["paths"][path][method.lower()]["x-roles"])
        if call.roles:
            assert set(STAFF) & roles == {*call.roles, *MORE.get(name, ())}, name
        elif call.person is None:
            assert roles == {"everybody, without a token"}, name
        else:
            assert any(each.startswith(("members", "anybody signed in")) for each in roles), name
