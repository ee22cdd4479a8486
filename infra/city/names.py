"""Names of organisations and people, phone numbers and addresses: they look real, but nobody has them."""

from random import Random

from infra.city.credit_codes import Series

_BRAND_FIRST = "瓯括处丽南白好碧古绿云松灵天万青岚溪"
_BRAND_SECOND = "恒鼎盛瑞泰嘉禾锐峰越拓源宏远诚晟铭朗跃"
_SURNAMES = "王李张刘陈叶吴周徐蓝雷季项梅潘林郑何朱胡毛汤练麻阙"
_GIVEN_FIRST = "建伟晓海丽雪文志小永国明春慧思佳一俊"
_GIVEN_SECOND = "军勇芳平华敏斌娟霞涛燕锋彬婷轩洁宁栋"

BUSINESS_PARK = "丽水市莲都区创业路1号（创业园）"
"""The one address that two have: an agency, and an enterprise in the same building. Nobody is to blame."""

_PHONE_PREFIX = "1990000"
"""Well-formed (11 digits, starts with 1[3-9]), but recognisable as invented."""


class Names:
    """Draws brands, people, phones and addresses; each but a person is drawn only once.

    Each series has its own brands, phones and streets, so two series never draw the same one.
    """

    def __init__(self, random: Random, series: Series) -> None:
        self._random = random
        place = "WXY".index(series)
        self._brands = [first + second for first in _BRAND_FIRST for second in _BRAND_SECOND][place::3]
        self._phones = [f"{_PHONE_PREFIX}{number:04d}" for number in range(10_000)][place::3]
        random.shuffle(self._brands)
        random.shuffle(self._phones)
        streets = [f"{first}{second}路" for first in _BRAND_FIRST for second in _BRAND_SECOND][place::3]
        self._houses = [f"{street}{number}号" for street in streets for number in range(1, 40)]
        # by a chance of its own, so that all else is as it was before there were addresses
        Random(self._phones[0]).shuffle(self._houses)

    def brand(self) -> str:
        """A two-character trade name."""
        return self._brands.pop()

    def person(self) -> str:
        """A full name of two or three characters."""
        given_name = self._random.choice(_GIVEN_FIRST) if self._random.random() < 0.7 else ""
        return self._random.choice(_SURNAMES) + given_name + self._random.choice(_GIVEN_SECOND)

    def address(self, town: str) -> str:
        """A house in a street of a town that is nobody else's."""
        return town + self._houses.pop()

    def phone(self) -> str:
        """A mobile number of eleven digits."""
        return self._phones.pop()
