"""Amounts of money in the characters that cannot be altered (大写金额), as papers of Chinese offices have them."""

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")


def capital_amount(fen: int) -> str:
    """An amount in fen, below 10^18, in capital characters: 140950 is 人民币壹仟肆佰零玖元伍角整."""
    yuan, rest = divmod(abs(fen), 100)
    jiao, odd = divmod(rest, 10)
    words = f"{_whole(yuan)}元" if yuan or not rest else ""
    if jiao:
        words += f"{DIGITS[jiao]}角"
    elif odd and yuan:
        words += "零"
    words += f"{DIGITS[odd]}分" if odd else "整"
    return f"人民币{'负' if fen < 0 else ''}{words}"


def _whole(number: int) -> str:
    """A whole number: groups of four digits, and one 零 for each gap between digits that are none."""
    if number == 0:
        return DIGITS[0]
    words, gap = "", False
    digits = str(number)
    for at, digit in enumerate(map(int, digits)):
        group, place = divmod(len(digits) - 1 - at, 4)
        if digit:
            words += (DIGITS[0] if gap and words else "") + DIGITS[digit] + PLACES[place]
            gap = False
        else:
            gap = True
        if place == 0 and int(digits[max(0, at - 3) : at + 1]):
            words += GROUPS[group]
    return words
