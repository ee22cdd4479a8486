"""Amounts in capital numerals (大写金额), as a cover or a receipt must have them, because no stroke can be added to
them."""

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
SECTIONS = ("", "万", "亿", "万亿")
MOST_YUAN = 10 ** (4 * len(SECTIONS))


def capitals(amount_fen: int) -> str:
    """An amount in fen in capital numerals, with 整 after yuan or jiao: 100500 → 壹仟零伍元整. Zeros that follow each
    other are one 零, and those at the end of a section none. Raises ValueError from 10^16 yuan on."""
    yuan, cents = divmod(abs(amount_fen), 100)
    jiao, fen = divmod(cents, 10)
    if yuan >= MOST_YUAN:
        raise ValueError(f"{yuan} yuan have no words here")
    words = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        words += f"{DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    words = f"{words}{DIGITS[fen]}分" if fen else f"{words or '零元'}整"
    return f"负{words}" if amount_fen < 0 else words


def _whole(yuan: int) -> str:
    """A whole number above 0: sections of four digits, the highest first."""
    words, has_gap = "", False
    for power in range(len(SECTIONS) - 1, -1, -1):
        section = yuan // 10 ** (4 * power) % 10_000
        if section:
            words += "零" if words and (has_gap or section < 1_000) else ""
            words += _section(section) + SECTIONS[power]
        has_gap = not section
    return words


def _section(number: int) -> str:
    """A number from 1 to 9999, without zeros at its beginning and its end."""
    words, has_gap = "", False
    for power in range(len(PLACES) - 1, -1, -1):
        digit = number // 10**power % 10
        if digit:
            words += "零" if words and has_gap else ""
            words += DIGITS[digit] + PLACES[power]
        has_gap = not digit
    return words
