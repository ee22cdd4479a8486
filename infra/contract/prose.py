"""What the document says in words: what holds for all operations, and how each subject's work goes."""

# a proof of effort, worked out: a test looks whether it is one
CHALLENGE_SHOWN = "9c66da6b64bdd6d952f19146b7d2b60992302f0505ea71f8d6ff8c3cd368c1c7"
NONCE_SHOWN, BITS_SHOWN = "27445", 18
HASH_SHOWN = "0000309487e3b3b92374148c48b12e882d50a6acfc05c9859fce878ad647fc85"
OBJECTING = f"""\

## Objecting when many do
Nobody needs more than `POST /notices/{{notice_id}}/objections` with the words of the objection. So many are taken in an
hour, from one address and to one notice; a part of that is kept for addresses not heard from yet. Beyond it the answer
is 429 `TOO_MANY_OBJECTIONS`, which silences nobody: its `effort` names a `challenge` and a number of `bits`. Find any
`nonce` (1 to 40 of `0-9A-Za-z_-`, such as a number counted up) for which the SHA-256 of the text `challenge.nonce`
begins with so many zero bits, and send the same objection again, the same key with it, and the proof in `effort`: it is
taken at once, from whatever address. With `"bits": {BITS_SHOWN}` it takes a second or so. For example the refusal says

    "effort": {{"algorithm": "sha256", "bits": {BITS_SHOWN}, "expires_at": "2026-06-15T04:00:00.000Z",
               "challenge": "{CHALLENGE_SHOWN}"}}

SHA-256 of `{CHALLENGE_SHOWN}.{NONCE_SHOWN}` is
`{HASH_SHOWN}`, which begins with {BITS_SHOWN} zero bits, so

    "effort": {{"challenge": "{CHALLENGE_SHOWN}", "nonce": "{NONCE_SHOWN}"}}

is added to the objection. A proof counts for these words to this notice alone, and until `expires_at`. The more proofs
come in an hour, the more bits are asked for, up to a bound: if the answer is 429 again, go on counting for its `bits`.
"""
INFO = """\
The backend of 丽水市中小微企业服务券 (service vouchers for small enterprises, 丽经信〔2024〕44号). Enterprises grab
vouchers, first come first served, and spend them on services of approved agencies; the agencies are paid after
review and public notice.

## Signing in
Send `Authorization: Bearer <access token>` of the city's identity provider; an id token is refused. Routes marked
*everybody* need none. Staff roles are groups of the token: `platform` 平台运营机构, `bureau` 市经信局, `finance`
财政局, `discipline` 市纪委监委, `admin` 系统管理员; *staff* is anybody with one of them. `oversight`
上级纪检监察机关 is none: it reads letters to the mailbox. Members of an enterprise or agency are the people who act
for it: `GET /me` names what the caller acts for. What belongs to somebody else
answers 404, exactly like what does not exist.

401 says in `errors` what is wrong with the token: `missing`, `malformed`, `expired`, `not_yet_valid`,
`not_access_token`, `other_audience`, `unknown_issuer`, `unknown_key`, `bad_algorithm`, `bad_signature`. An
answer about a token is remembered for a minute.

## Bodies, amounts, times
JSON of exactly the fields that a call takes, at most 64 KB and 32 levels deep, no name twice. A call without fields
takes no body, or `{}`. A query parameter that a call does not take is refused, one without a value is not sent.
Amounts are whole fen (分) and end in `_fen`. Instants end in `_at`: RFC 3339 in UTC, in requests with any zone. Days
end in `_on` or are called `valid_until`: `YYYY-MM-DD` in Lishui. No other form is taken.
Texts may end their lines as they like and are kept with `\\n`; marks that nobody sees are left out of them and refused
in names. Numbers, codes, accounts and phones may be pasted: blanks and such marks are left out, full width becomes
half, and the answer shows what is kept. What is wrong then is named with its place. A text of which nothing is seen
is none.

## Refusals
`application/problem+json`: `code` is for programs, `detail` is a Chinese sentence for people, `clause` names the
regulation's paragraph, `errors` lists every field or rule that is wrong, all in one round. Each answer below lists
its codes; `GET /vocabulary` has all of them with status, clause and sentence, and the Chinese words of every closed
list. If several refusals apply, `code` is the first of them in the order of `/vocabulary`. Nothing is written by a
call that is refused.

## Sending again
After 429 `BUSY`, 502 `FAULT` or a lost connection the same request may be sent again. A creation carries an
`Idempotency-Key` that names what is created: sent again with the same key and body it makes nothing new, answers
200 with `Idempotent-Replay: true` and shows the record as it is now. A key is good for one request of a caller:
with another body, or for another path, it is refused (`IDEMPOTENCY_KEY_REUSED`) and nothing is made. A step sent
again by the same person with the same body is answered in the same way.

## Lists
`?limit=` (1 to 100, by default 50) and `?cursor=`; the answer has `items` and `next_cursor`. A page may be short before
the last one: only `next_cursor: null` ends a list. A cursor goes on with the filters and the order that it came with. A
list without these two parameters is complete.

Most lists take `?state=`, `?from=` and `?to=` (days in Lishui, both included, on which the record was made; of a batch
the day on which it opens), `?sort=newest` or `oldest` (a queue wants `oldest`) and `?q=`: every word must occur, in
half or full width; masked fields are not searched. `?counts=true` adds the number of records in each state within those
days, whatever the other filters are; where `at_least` is true the counting ended there. Whoever is not staff names the
organisation whose orders or settlements are wanted. Drafts of years, batches and products are on the staff's own
lists, `/staff/programmes`, `/staff/batches` and `/staff/products`, because the public lists say the same to everybody.

## What may be done next
`allowed_actions` of a record names each step that its state allows: the `action`, `by` whom, and the `call`. A rule may
still refuse it. After certain earlier steps on the same matter a person does not take certain steps of the staff, and
no member of an organisation decides on it as staff: 403 `FOUR_EYES`, with the clause.

## From a browser or a mini-program
`PUT` beside each `PATCH` does the same, for clients that have no `PATCH`. What everybody may `GET` answers `HEAD` and
has an `ETag`; sent back in `If-None-Match`, it is answered 304 while nothing changed. 405 names the methods in `Allow`,
429 the seconds to wait in `Retry-After`, 401 its reason in `WWW-Authenticate`. Each answer has an `X-Request-Id`, which
a refusal repeats in `request_id`: tell it to whoever looks after the service. What is public may be kept as long as its
`Cache-Control` says; all else is `no-store`. Pages of the origins that the stack allows may call.

## Uploading a document
1. `POST …/documents` with kind, file name, type and size: the answer has `document_id`, and `upload` with `url` and
   `fields`.
2. Send a form (`multipart/form-data`) to `upload.url` with every one of `upload.fields`, and the file as the last
   field, `file`. No token goes with it. It must be there before `expires_at`.
3. The file is looked at when the application is submitted: its first bytes must fit its type. If they do not, the
   refusal says so.

## Versions
The version is in the path (`/v1`). Within it fields, values of closed lists, statuses of refusals, codes and
operations are only added: a client must accept fields, states and codes that it does not know. What would break
clients comes as the next version, in another path. From then on the version before goes on for at least 12 months
and says so in its answers: `Deprecation` (since when) and `Sunset` (the day of its end).
"""
INFO += OBJECTING
BEARER = "An access token of the city's identity provider, as a JSON Web Token."
KEY = (
    "Names what this call creates: 1 to 255 visible characters, best a UUID. Sent again with the same key and body, "
    "the call makes nothing new and answers `Idempotent-Replay: true`."
)
RETRY = "After how many seconds to send the request again."
CHALLENGE = "`Bearer`, and what is wrong with the token that was sent."
REPLAY = "`true` if the call was carried out before, and the record is shown as it is now."
EVERYBODY, SIGNED_IN = "everybody, without a token", "anybody signed in"
UNCHANGED = "The caller has it already: its ETag was in If-None-Match"
