"""The city's document files are what their types say: PDFs whose tables are right, JPEGs that decode."""

import io
import json
import re
import sys
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from infra.city.__main__ import main
from infra.city.agencies import make_agencies
from infra.city.document_files import (
    DocumentFile,
    agency_documents,
    enterprise_documents,
    order_documents,
    summary_invoice_document,
    yuan,
)
from infra.city.documents import jpeg, pdf
from infra.city.enterprises import make_enterprises

TODAY = date(2028, 2, 29)
ENTERPRISE_KINDS = [
    "business_license",
    "income_statement",
    "tax_certificate",
    "social_insurance",
    "entry_commitment",
    "credit_commitment",
]
AGENCY_KINDS = [
    "legal_representative_id",
    "business_license",
    "qualification",
    "service_record",
    "staff_certificates",
    "income_statement",
    "tax_certificate",
    "social_insurance",
    "premises_proof",
    "entry_commitment",
]


def text_of(content: bytes) -> str:
    texts = re.findall(rb"<([0-9a-f]*)> Tj", content)
    return "\n".join(bytes.fromhex(each.decode()).decode("utf-16-be") for each in texts)


def assert_cross_references_lead_to_their_objects(content: bytes) -> None:
    assert content.endswith(b"%%EOF\n")
    start = int(re.findall(rb"startxref\n(\d+)\n", content)[-1])
    table = re.match(rb"xref\n0 (\d+)\n((?:\d{10} \d{5} [fn] \n)+)trailer\n<< /Size (\d+) ", content[start:])
    assert table
    count, rows, size = int(table[1]), table[2], int(table[3])
    assert count == size == len(rows) // 20 == content.count(b" 0 obj\n") + 1
    for number in range(1, count):
        row = rows[20 * number : 20 * number + 20]
        assert content[int(row[:10]) :].startswith(b"%d 0 obj\n" % number)


def all_documents() -> list[DocumentFile]:
    enterprise = make_enterprises(1, TODAY, TODAY.year)[0]
    agency = make_agencies(1, TODAY)[0]
    line = order_documents(enterprise.name, agency.name, "商标注册", "LS-2028-0001", 1_428_570, 428_571)
    summary = summary_invoice_document(agency.name, 999_999)
    return [*enterprise_documents(enterprise, TODAY), *agency_documents(agency, TODAY), *line, summary]


def test_a_pdf_has_its_header_and_a_cross_reference_table_that_is_right() -> None:
    content = pdf("营业执照", ["统一社会信用代码：91331100MAW0000000"])
    assert content.startswith(b"%PDF-1.")
    assert_cross_references_lead_to_their_objects(content)


def test_a_pdf_shows_its_title_and_lines_in_chinese_with_a_chinese_encoding() -> None:
    content = pdf("信用承诺书", ["企业名称：丽水市瓯恒青瓷有限公司", "金额：1,234.56 元"])
    assert text_of(content) == "信用承诺书\n企业名称：丽水市瓯恒青瓷有限公司\n金额：1,234.56 元"
    assert b"/STSong-Light" in content and b"/UniGB-UCS2-H" in content


def test_a_long_line_is_wrapped_and_nothing_of_it_is_lost() -> None:
    line = "本企业承诺所提交材料真实、准确、完整，" * 8
    lines = text_of(pdf("承诺书", [line])).split("\n")[1:]
    assert "".join(lines) == line
    assert max(map(len, lines)) <= 41


def test_many_lines_go_on_to_more_pages() -> None:
    content = pdf("清单", [f"第{number}行" for number in range(1, 101)])
    assert content.count(b"/Type /Page ") == 3
    assert b"/Count 3" in content
    assert "第100行" in text_of(content)
    assert_cross_references_lead_to_their_objects(content)


def test_stream_lengths_are_correct() -> None:
    content = pdf("清单", ["一", "二"])
    for length, stream in re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", content, re.DOTALL):
        assert int(length) == len(stream)


def test_a_character_the_font_cannot_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no two-byte code"):
        pdf("证明", ["\U00020000"])


def test_a_jpeg_starts_as_one_and_decodes() -> None:
    content = jpeg(5)
    assert content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9")
    image = Image.open(io.BytesIO(content))
    image.load()
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert len(content) < 100_000


def test_documents_depend_on_their_seed_and_on_nothing_else() -> None:
    assert jpeg(1) == jpeg(1) != jpeg(2)
    assert pdf("甲", ["乙"]) == pdf("甲", ["乙"]) != pdf("甲", ["丙"])


def test_documents_are_of_the_kinds_the_regulation_names() -> None:
    assert [each.kind for each in all_documents()] == [
        *ENTERPRISE_KINDS,
        *AGENCY_KINDS,
        *("contract", "invoice", "transfer", "evidence"),
        "summary_invoice",
    ]


def test_the_first_bytes_of_every_document_fit_its_type() -> None:
    starts = {"application/pdf": (b"%PDF-", ".pdf"), "image/jpeg": (b"\xff\xd8\xff", ".jpg")}
    documents = all_documents()
    assert {each.content_type for each in documents} == set(starts)
    for document in documents:
        magic, suffix = starts[document.content_type]
        assert document.content.startswith(magic)
        assert document.filename.endswith(suffix)
        assert 500 < len(document.content) < 100_000


def test_yuan_keeps_every_fen() -> None:
    assert [yuan(0), yuan(5), yuan(123_456_789), yuan(-5)] == ["0.00", "0.05", "1,234,567.89", "-0.05"]


def test_the_command_writes_the_city_as_files_and_sums_it_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"city --seed 3 --today 2026-12-31 --out {tmp_path}"
    monkeypatch.setattr(sys, "argv", command.split())
    main()
    enterprises = json.loads((tmp_path / "enterprises.json").read_text(encoding="utf-8"))
    assert len(list((tmp_path / "documents").iterdir())) == len(enterprises) + 12
    assert len(list((tmp_path / "lists").glob("*-2026.xlsx"))) == 4
    printed = capsys.readouterr().out
    assert f"enterprises {len(enterprises)}: 50 to approve" in printed
    assert "§2.1.3 violation 2" in printed
