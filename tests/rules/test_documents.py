"""Uploaded files: what their first bytes tell, the words for what does not fit, and under which names they leave."""

import unicodedata
from typing import get_args

import pytest

from tests.rules.records import NOW
from voucher.models.contents import ANNOUNCED, MOST_BEGINNING, Looks, looks_like
from voucher.models.documents import Document, Unreadable
from voucher.policy import (
    ACTIVITY_DOCUMENTS,
    AGENCY_DOCUMENTS,
    CHANGE_DOCUMENTS,
    CLAIM_DOCUMENTS,
    ENTERPRISE_DOCUMENTS,
    INSPECTION_DOCUMENTS,
    LIST_KINDS,
    SETTLEMENT_DOCUMENTS,
)
from voucher.refusals import Refused
from voucher.rules.documents import LOOKS_WORDS, check_complete, document_name, file_name, unreadable_words

PDF, JPEG, PNG = b"%PDF-1.7\n%\xe2\xe3", b"\xff\xd8\xff\xe1\x00\x18Exif", b"\x89PNG\r\n\x1a\n\x00\x00"
# of each look some beginnings, as real programs write them
BEGINNINGS: list[tuple[bytes, Looks]] = [
    (PDF, "pdf"),
    (JPEG, "jpeg"),
    (PNG, "png"),
    (b"\xef\xbb\xbf" + PDF, "late_pdf"),
    (b"\r\n" + PDF, "late_pdf"),
    (b"MZ" + PDF, "late_pdf"),
    (b"<script>" + b" " * (MOST_BEGINNING - 20) + PDF, "late_pdf"),
    (bytes.fromhex("0000001c66747970686569630000000068656963"), "heic"),
    (b"\x00\x00\x00\x20ftypmif1\x00\x00", "heic"),
    (b"\x00\x00\x00\x20ftypisom\x00\x00", "video"),
    (b"PK\x03\x04\x14\x00\x06\x00", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "old_office"),
    (b"GIF89a", "image"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image"),
    (b"Rar!\x1a\x07", "archive"),
    (b"just words", "text"),
    ("\ufeff营业执照".encode(), "text"),
    ("营业执照".encode()[:-1], "text"),
    (b"", "empty"),
    (b"%PD", "cut_short"),
    (b"\xff\xd8", "cut_short"),
    (bytes(MOST_BEGINNING), "cut_short"),
    (b"\x7fELF\x02\x01\x01\x00\x90\x90", "unknown"),
]


def document(kind: str = "business_license", **changes: str) -> Document:
    """An announced document of an enterprise."""
    facts = {"owner": "enterprises/1", "content_type": "application/pdf", "filename": "利润表.pdf.hta", **changes}
    return Document(
        document_id="d_1", kind=kind, size_bytes=9, object_key="k", uploaded_by="u", created_at=NOW, **facts
    )


@pytest.mark.parametrize(("begins", "looks"), BEGINNINGS)
def test_a_file_is_known_by_its_first_bytes(begins: bytes, looks: Looks) -> None:
    assert looks_like(begins) == looks


def test_each_look_has_a_beginning_here_and_words_of_what_to_do() -> None:
    assert {looks for _, looks in BEGINNINGS} == set(get_args(Looks)) == set(LOOKS_WORDS)
    for looks in set(LOOKS_WORDS) - {"pdf"}:
        words = unreadable_words(document(), looks)
        assert words.startswith("文件已上传，但内容不是所报的 PDF 类型") and "请" in words


@pytest.mark.clause("§4.1.1")
def test_a_refused_submission_says_which_file_is_there_and_does_not_fit() -> None:
    newest, older = (Unreadable(document(), looks) for looks in ("heic", "zip"))
    kinds = {"business_license": "营业执照", "tax_certificate": "上年度纳税证明"}
    with pytest.raises(Refused) as no:
        check_complete([], [newest, older], kinds, "§4.1.1")
    first, second = no.value.errors
    assert (first.field, first.code, second.code) == ("business_license", "unreadable", "missing")
    assert "HEIC" in first.message and "缺少" not in first.message
    assert no.value.detail == "申请材料不齐全，请补充上传：营业执照（已上传的文件类型不符）、上年度纳税证明。"


@pytest.mark.parametrize(
    ("owner", "kinds"),
    [
        ("enterprises/1", ENTERPRISE_DOCUMENTS | CHANGE_DOCUMENTS),
        ("agencies/1", AGENCY_DOCUMENTS),
        ("claims/cl_1", CLAIM_DOCUMENTS),
        ("activities/act_1", ACTIVITY_DOCUMENTS),
        ("inspections/ins_1", INSPECTION_DOCUMENTS),
        ("settlements/s_1", SETTLEMENT_DOCUMENTS),
    ],
)
def test_a_name_is_made_of_our_words_the_id_and_the_type(owner: str, kinds: dict[str, str]) -> None:
    for kind, words in kinds.items():
        for content_type, ending in {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}.items():
            name = document_name(document(kind, owner=owner, content_type=content_type))
            assert name == f"{words}-d_1.{ending}"
    assert set(ANNOUNCED) == {"application/pdf", "image/jpeg", "image/png"}


def test_a_kind_that_is_not_known_any_more_still_has_a_name() -> None:
    assert document_name(document("of_another_edition")) == "材料-d_1.pdf"


def test_our_own_words_are_fit_for_a_file_name() -> None:
    for words in (
        *ENTERPRISE_DOCUMENTS.values(),
        *AGENCY_DOCUMENTS.values(),
        *SETTLEMENT_DOCUMENTS.values(),
        *CHANGE_DOCUMENTS.values(),
        *CLAIM_DOCUMENTS.values(),
        *INSPECTION_DOCUMENTS.values(),
        *ACTIVITY_DOCUMENTS.values(),
    ):
        assert not set(words) & set('/\\:*?"<>|') and all(unicodedata.category(each)[0] != "C" for each in words)
    assert file_name(LIST_KINDS["rated_d"], "i_1", "xlsx") == "亩均论英雄D类企业名单-i_1.xlsx"
