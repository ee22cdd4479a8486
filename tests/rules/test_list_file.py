"""Lists from other offices: which rows count, and the errors of the others."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.list_files import HEADER, Rows, as_csv, as_excel, as_xls, as_xlsx, credit_code
from voucher.spreadsheets.cells import Limits, ListFileError
from voucher.spreadsheets.list_file import ListRow, RowError, parse

A, B, C = (credit_code(number) for number in (1, 2, 3))
NUMBER_MESSAGE = "代码被存成了数字，末几位已经丢失；请把该列设为“文本”格式，再重新填写代码"
FORMULA_MESSAGE = "单元格是公式，请改为直接填写的文本"

every_format = pytest.mark.parametrize(
    ("filename", "write"),
    [
        pytest.param("名单.xlsx", as_xlsx, id="xlsx"),
        pytest.param("名单.xlsx", as_excel, id="xlsx with shared texts"),
        pytest.param("名单.XLS", as_xls, id="xls"),
        pytest.param("名单.csv", as_csv, id="csv"),
        pytest.param("名单.csv", lambda rows: as_csv(rows, "utf-8-sig"), id="csv with a byte order mark"),
        pytest.param("名单.csv", lambda rows: as_csv(rows, "gbk"), id="csv in GBK"),
    ],
)
Write = Callable[[Rows], bytes]


def errors_of(rows: Rows, write: Callable[..., bytes] = as_xlsx, filename: str = "a.xlsx") -> list[RowError]:
    return parse("rated_d", filename, write([HEADER, *rows])).errors


@pytest.mark.clause("§2.1.1")
@every_format
def test_a_list_is_read_with_the_row_numbers_a_spreadsheet_shows(filename: str, write: Write) -> None:
    rows = [
        ["丽水市名单", ""],
        ["", ""],
        ["序号", "企业名称", " 统一社会\n信用代码 "],
        [1, "甲公司", A],
        ["", "", ""],
        [2, " 乙公司　", f" {B} "],
        [3, "", C],
    ]
    parsed = parse("rated_d", filename, write(rows))
    assert parsed.rows == [ListRow(4, A, "甲公司"), ListRow(6, B, "乙公司"), ListRow(7, C, "")]
    assert (parsed.errors, parsed.error_count, parsed.total_rows) == ([], 0, 3)


FILLERS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol without a shape
names = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), max_codepoint=0xFFFF, exclude_characters=f"={FILLERS}"),
    max_size=30,
)
lists = st.lists(st.tuples(st.integers(0, 999_999), names), unique_by=lambda pair: pair[0], max_size=12)


@settings(max_examples=40)
@given(lists, st.sampled_from([as_xlsx, as_excel, as_xls, as_csv]))
def test_what_is_written_is_read_back(entries: list[tuple[int, str]], write: Callable[..., bytes]) -> None:
    rows = [(credit_code(number), name) for number, name in entries]
    parsed = parse("little_giant_nursery", "a.csv", write([HEADER, *rows]))
    assert [(row.uscc, row.name) for row in parsed.rows] == [(code, name.strip()) for code, name in rows]
    assert parsed.error_count == 0


@given(st.lists(st.sampled_from([A, B, C, A[:-1] + "0", "", "甲", "=A1", "9.1E+17"]), max_size=20))
def test_every_row_with_content_is_either_good_or_reported(codes: list[str]) -> None:
    parsed = parse("rated_d", "a.csv", as_csv([HEADER, *((code, "名称") for code in codes)]))
    good, bad = {row.row for row in parsed.rows}, {error.row for error in parsed.errors}
    assert good | bad == set(range(2, len(codes) + 2))
    assert not good & bad
    assert parsed.total_rows == len(codes)


@pytest.mark.parametrize("header", ["统一社会信用代码", "信用代码", "uscc", "USCC", "统一社会信用 代码"])
@pytest.mark.parametrize("name", ["企业名称", "单位名称", "Name"])
def test_the_columns_are_found_by_their_titles(header: str, name: str) -> None:
    content = as_csv([["序号", name, "备注", header], [1, "甲公司", "", A]])
    assert parse("rated_d", "a.csv", content).rows == [ListRow(2, A, "甲公司")]


def test_the_full_title_wins_over_the_short_one_and_a_list_needs_no_names() -> None:
    content = as_csv([["信用代码", "统一社会信用代码"], ["旧代码", A]])
    assert parse("rated_d", "a.csv", content).rows == [ListRow(2, A, "")]


def test_two_tables_beside_each_other_are_reported_row_by_row() -> None:
    content = as_csv([["统一社会信用代码", "企业名称", "信用代码"], [A, "甲", B], [B, "乙", B], ["", "", A]])
    parsed = parse("rated_d", "a.csv", content)
    assert parsed.rows == [ListRow(3, B, "乙")]
    assert [(error.row, error.column) for error in parsed.errors] == [(2, "C"), (4, "A"), (4, "C")]


@pytest.mark.clause("§5.2b")
def test_two_numbers_of_one_contract_or_invoice_are_reported() -> None:
    titles = ["统一社会信用代码", "合同编号", "合同号", "发票号", "发票号码"]
    rows = [[A, "HT-1", "HT-2", "", ""], [A, "HT-3", "HT-3", "", ""], [A, "", "", "88", ""], [B, "", "", "", "99"]]
    parsed = parse("other_subsidy", "a.csv", as_csv([titles, *rows]))
    assert [(row.row, row.contract_number, row.invoice_number) for row in parsed.rows] == [
        (3, "HT-3", None),
        (5, None, "99"),
    ]
    assert [(error.row, error.column) for error in parsed.errors] == [(2, "C"), (4, "D")]


def test_a_code_that_excel_stored_as_a_number_is_refused_with_its_row() -> None:
    numbers = [[913311007996550000, "整数"], [9.13311007996550e17, "浮点"], [A, "文本"]]
    for filename, write in (("a.xlsx", as_xlsx), ("a.xls", as_xls)):
        assert errors_of(numbers, write, filename) == [
            RowError(2, "A", NUMBER_MESSAGE),
            RowError(3, "A", NUMBER_MESSAGE),
        ]


@pytest.mark.parametrize("text", ["9.13311E+17", "9.1331100799655e17", "9E+17"])
def test_a_code_that_excel_wrote_into_a_csv_as_a_number_is_refused(text: str) -> None:
    assert errors_of([[text, "甲"]], as_csv, "a.csv") == [RowError(2, "A", NUMBER_MESSAGE)]


@every_format
def test_a_formula_is_refused_where_a_code_or_a_name_should_be(filename: str, write: Write) -> None:
    parsed = parse("rated_d", filename, write([HEADER, [A, "甲"], ["=A2", "乙"], [B, "=B2"]]))
    assert parsed.rows == [ListRow(2, A, "甲")]
    assert parsed.errors == [RowError(3, "A", FORMULA_MESSAGE), RowError(4, "B", FORMULA_MESSAGE)]


@every_format
def test_a_formula_in_a_column_nobody_reads_does_no_harm(filename: str, write: Write) -> None:
    content = write([[*HEADER, "序号"], [A, "甲", "=1+1"]])
    assert parse("rated_d", filename, content).rows == [ListRow(2, A, "甲")]


@every_format
def test_wrong_blank_and_repeated_codes_are_each_reported(filename: str, write: Write) -> None:
    rows = [
        [A, "甲"],
        ["", "合计"],
        [A[:-1] + ("0" if A[-1] != "0" else "1"), "录错"],
        ["91331100MA2EFLCR5B", "组织机构代码校验位不符"],
        [A.lower(), "小写"],
        [A, "又是甲"],
        [A, "还是甲"],
    ]
    parsed = parse("rated_d", filename, write([HEADER, *rows]))
    assert parsed.rows == [ListRow(2, A, "甲")]
    assert [(error.row, error.message) for error in parsed.errors] == [
        (3, "该行有内容，但没有填写统一社会信用代码"),
        (4, "校验位不符，请核对代码是否录错"),
        (5, "校验位不符，请核对代码是否录错"),
        (6, "应为 18 位半角数字和大写字母（不含 I、O、S、V、Z），前 8 位为数字"),
        (7, "与第 2 行的统一社会信用代码重复"),
        (8, "与第 2 行的统一社会信用代码重复"),
    ]
    assert {error.column for error in parsed.errors} == {"A"}


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("\u200b", "U+200B 零宽空格"),
        ("\u202c", "U+202C 文字方向标记"),
        ("\ufeff", "U+FEFF 字节顺序标记"),
        ("\x00", "U+0000 控制字符"),
        ("\x1b", "U+001B 控制字符"),
        ("\u206a", "U+206A 格式字符"),
        ("\u2800", "U+2800 空白字符"),
        ("\uffff", "U+FFFF 空白字符"),
        ("\U0010fffe", "U+10FFFE 空白字符"),
    ],
)
def test_what_the_screen_does_not_show_in_a_code_or_a_name_is_named(mark: str, words: str) -> None:
    rows = [[A, f"甲{mark}乙{mark}"], [f"{B[:5]}{mark}{B[5:]}", ""], [f"{C}{mark}", "丙"]]
    assert errors_of(rows, as_csv, "a.csv") == [
        RowError(2, "B", f"名称中有屏幕上看不见的字符（{words}），请删除后再上传"),
        RowError(3, "A", f"代码中有屏幕上看不见的字符（{words}），请删除后再上传"),
        RowError(4, "A", f"代码中有屏幕上看不见的字符（{words}），请删除后再上传"),
    ]


def test_every_mark_of_a_name_is_named_once_and_a_rare_character_is_none() -> None:
    assert "U+202E 文字方向标记、U+200B 零宽空格）" in errors_of([[A, "\u202e甲\u200b\u202e"]])[0].message
    # a character of one's own, one with a variant, one beyond the first plane
    for name in ("\ue863公司", "葛\U000e0100公司", "𬎆公司"):
        assert parse("rated_d", "a.xlsx", as_xlsx([HEADER, [A, name]])).rows == [ListRow(2, A, name)]


@every_format
def test_a_title_is_found_whatever_marks_stand_in_it(filename: str, write: Write) -> None:
    mark = "\u3000" if write is not as_csv else "\u200b"
    assert parse("rated_d", filename, write([[f"统一社会{mark}信用代码"], [A]])).rows == [ListRow(2, A, "")]


def test_the_counts_tell_every_row_that_a_spreadsheet_shows() -> None:
    rows = [["名单"], [], HEADER, [A, "甲"], [], ["x", "=1"], ["", " "], [B, "乙"], [HEADER[0], HEADER[1]]]
    parsed = parse("rated_d", "a.xlsx", as_xlsx(rows))
    assert (parsed.header_row, parsed.total_rows, parsed.blank_rows) == (3, 4, 2)
    assert ([row.row for row in parsed.rows], {error.row for error in parsed.errors}) == ([4, 8], {6, 9})


def test_a_fault_in_a_cell_is_refused() -> None:
    assert errors_of([["#N/A", "甲"]])[0].message == "单元格是错误值，请改为直接填写的文本"


def test_cells_and_names_that_are_too_long_are_reported_with_their_columns() -> None:
    content = as_csv([[*HEADER, "备注"], [A, "甲" * 200, "乙" * 2000], [B, "甲" * 201, "乙" * 2001]])
    assert parse("rated_d", "a.csv", content).errors == [
        RowError(3, "B", "名称超过 200 字"),
        RowError(3, "C", "单元格超过 2000 字"),
    ]


def test_every_bad_row_is_named_and_further_errors_beyond_the_limit_are_counted() -> None:
    content = as_csv([HEADER, [A, "甲"], *([["=A1", "=B1"]] * 30)])
    whole, cut, least = (parse("rated_d", "a.csv", content, Limits(errors=errors)) for errors in (30, 7, 0))
    rows = list(range(3, 33))
    assert [error.row for error in whole.errors] == sorted(rows * 2)
    assert [error.row for error in cut.errors] == sorted(rows + rows[:7])
    assert [error.row for error in least.errors] == rows
    assert [each.error_count for each in (whole, cut, least)] == [60, 60, 60]


def test_a_good_row_after_a_bad_one_with_its_code_is_no_duplicate() -> None:
    parsed = parse("rated_d", "a.csv", as_csv([HEADER, [A, "=甲"], [A, "甲"], [A, "甲"]]))
    assert parsed.rows == [ListRow(3, A, "甲")]
    assert [error.row for error in parsed.errors] == [2, 4]


@every_format
def test_as_many_rows_as_allowed_pass_and_one_more_is_refused(filename: str, write: Write) -> None:
    rows = [[credit_code(number), "甲"] for number in range(6)]
    limits = Limits(rows=5)
    assert parse("rated_d", filename, write([HEADER, *rows[:5], [], []]), limits).total_rows == 5
    with pytest.raises(ListFileError, match="超过 5 行"):
        parse("rated_d", filename, write([HEADER, *rows]), limits)


@every_format
def test_content_right_of_the_last_column_allowed_is_refused(filename: str, write: Write) -> None:
    within = [[*HEADER, *("x" for _ in range(38))], [A, "甲"]]
    assert parse("rated_d", filename, write(within)).rows == [ListRow(2, A, "甲")]
    with pytest.raises(ListFileError, match="超过 40 列"):
        parse("rated_d", filename, write([[*within[0], "x"], [A, "甲"]]))


@every_format
def test_a_list_without_a_title_row_in_the_first_ten_is_refused(filename: str, write: Write) -> None:
    filler = [["说明"]] * 9
    assert parse("rated_d", filename, write([*filler, HEADER, [A, "甲"]])).rows == [ListRow(11, A, "甲")]
    with pytest.raises(ListFileError, match="前 10 行中没有“统一社会信用代码”列标题"):
        parse("rated_d", filename, write([*filler, ["说明"], HEADER, [A, "甲"]]))


def test_two_columns_with_the_same_title_are_refused() -> None:
    with pytest.raises(ListFileError, match="2 列的标题都是“统一社会信用代码”"):
        parse("rated_d", "a.csv", as_csv([[HEADER[0], HEADER[0]], [A, B]]))


@pytest.mark.parametrize(("filename", "write"), [("a.xlsx", as_xlsx), ("a.xls", as_xls)])
def test_only_one_sheet_may_have_content_whatever_it_is(filename: str, write: Callable[..., bytes]) -> None:
    assert parse("rated_d", filename, write([], [HEADER, [A, "甲"]], [[" "]])).rows == [ListRow(2, A, "甲")]
    for other in ([HEADER, [B, "乙"]], [["填表说明"]]):
        with pytest.raises(ListFileError, match=r"“Sheet.*”、工作表“Sheet.*”都有内容，请只保留名单所在的一个工作表"):
            parse("rated_d", filename, write([HEADER, [A, "甲"]], other))


def test_a_kind_there_is_not_is_an_error_of_the_program() -> None:
    with pytest.raises(KeyError):
        parse("friends", "a.csv", as_csv([HEADER]))


ITEMS = ["统一社会信用代码", "合同编号", "发票代码", "发票号码", "项目名称", "补助金额（元）"]


@pytest.mark.clause("§5.2b")
@every_format
def test_a_list_of_other_subsidies_names_items_and_an_enterprise_may_have_several(filename: str, write: Write) -> None:
    rows = [
        ITEMS,
        [A, "HT-1", "", "", "技改", "12345.6"],
        [A, "", "0330024001", "12345678", "", "1,000"],
        [A, "", "", "", "", ""],
        [B, "HT-1", "", "", "技改", "12345.6"],
    ]
    parsed = parse("other_subsidy", filename, write(rows))
    assert parsed.errors == []
    assert parsed.rows == [
        ListRow(2, A, "", contract_number="HT-1", project="技改", amount_fen=1_234_560),
        ListRow(3, A, "", invoice_code="0330024001", invoice_number="12345678", amount_fen=100_000),
        ListRow(4, A, ""),
        ListRow(5, B, "", contract_number="HT-1", project="技改", amount_fen=1_234_560),
    ]
    assert parsed.rows[2].said() == {"row": 4, "uscc": A, "name": ""}


def test_an_amount_may_be_a_number_and_a_number_of_a_contract_or_invoice_may_not() -> None:
    rows = [
        ITEMS,
        [A, "HT-1", "", "", "", 12_345.67],
        [B, 20260001, "", "", "", 1],
        [C, "", 33002400111, 12345678, "", ""],
    ]
    parsed = parse("other_subsidy", "a.xlsx", as_xlsx(rows))
    assert [each.amount_fen for each in parsed.rows] == [1_234_567]
    assert [(each.row, each.column) for each in parsed.errors] == [(3, "B"), (4, "C"), (4, "D")]
    assert {each.message for each in parsed.errors} == {
        "号码被存成了数字，可能丢失了首尾的数字；请把该列设为“文本”格式，再重新填写"
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([A, "", "", "", "", "12.345"], "金额应为以元为单位的数字，最多两位小数"),
        ([A, "", "", "", "", "约一万"], "金额应为以元为单位的数字，最多两位小数"),
        ([A, "", "", "", "", "-5"], "金额应为以元为单位的数字，最多两位小数"),
        ([A, "", "0330024001", "", "", ""], "填写了发票代码，却没有填写发票号码"),
        ([A, "=B2", "", "", "", ""], FORMULA_MESSAGE),
        ([A, "", "", "", "", "=F2"], FORMULA_MESSAGE),
        ([A, "HT-1", "", "", "", ""], "与第 2 行的同一企业同一事项重复"),
        ([A, "无", "", "", "", ""], "号码中没有数字；没有号码的，请把单元格留空"),
        ([A, "", "", "——", "", ""], "号码中没有数字；没有号码的，请把单元格留空"),
    ],
)
def test_what_is_wrong_with_an_item_is_reported_with_its_row(row: list[str], message: str) -> None:
    parsed = parse("other_subsidy", "a.csv", as_csv([ITEMS, [A, "HT-1", "", "", "", ""], row]))
    assert [(each.row, each.message) for each in parsed.errors] == [(3, message)]
    assert [each.row for each in parsed.rows] == [2]


def test_a_number_in_chinese_numerals_is_one() -> None:
    parsed = parse("other_subsidy", "a.csv", as_csv([ITEMS, [A, "丽科合字第三号", "", "", "无", ""]]))
    assert [(each.contract_number, each.project) for each in parsed.rows] == [("丽科合字第三号", "无")]


def test_an_enterprise_has_at_most_so_many_items() -> None:
    rows = [[A, f"HT-{number}", "", "", "", ""] for number in range(22)]
    parsed = parse("other_subsidy", "a.csv", as_csv([ITEMS, *rows]))
    assert len(parsed.rows) == 20
    assert [each.message for each in parsed.errors] == ["同一企业超过 20 行，请合并后再上传"] * 2


def test_no_other_list_has_items() -> None:
    parsed = parse("rated_d", "a.csv", as_csv([ITEMS, [A, "HT", "", "", "技改", "x"]]))
    assert parsed.rows == [ListRow(2, A, "")]
