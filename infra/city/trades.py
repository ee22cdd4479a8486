"""The trades of the city's enterprises with their GB/T 4754-2017 codes, and the staff and revenue of each size class.

The ranges are well inside the classes of 工信部联企业〔2011〕300号; enterprises exactly on a bound are in `cases`.
"""

from typing import Literal, NamedTuple

Sector = Literal["industry", "telecom", "software", "outside"]


class Trade(NamedTuple):
    """A trade as part of an enterprise's name, and its industry code (2 to 4 digits)."""

    words: str
    industry_code: str


class SizeRange(NamedTuple):
    """Lower bounds are inclusive, upper bounds exclusive; revenue in 10,000 yuan."""

    employees: tuple[int, int]
    revenue_wan: tuple[int, int]


def _trades(text: str) -> tuple[Trade, ...]:
    return tuple(Trade(*pair.split(":")) for pair in text.split())


TRADES: dict[Sector, tuple[Trade, ...]] = {
    "industry": _trades("""
        矿业:0921 萤石矿业:102 石材开采:1012 食用菌:1372 农产品加工:137 食品:1411 调味品:146 酒业:1512
        茶业:1530 无纺布:178 服饰:181 鞋业:195 革制品:192 竹木制品:204 木业:203 竹制品:2041 家具:2110
        竹藤家具:2120 纸业:223 彩印包装:231 工艺品:243 文具:241 木制玩具:245 新材料:265 化工:2641
        水性树脂:266 中药饮片:2730 生物医药:276 医疗用品:2770 化纤:28 合成革:2925 革基布:2925
        橡塑制品:2929 青瓷:3075 特种陶瓷:307 新型建材:303 不锈钢:3130 特钢:313 铝业:3252 刀剑:3324
        五金:335 铸造:339 阀门:3443 泵阀:344 轴承:3451 滚动功能部件:3459 精密传动:345 精密机械:3484
        模具:3525 数控机床:3421 制革机械:355 半导体设备:356 汽车部件:3670 摩托车配件:375 电机:3812
        电气:382 线缆:383 照明:387 微电子:397 电子材料:398 自动化仪表:4011 日用制品:411 再生资源:4220
        机电设备维修:43 水电开发:4413 新能源发电:4416 热力:4430 燃气:451 供水:4610 水处理:4620
    """),
    "telecom": _trades("通信技术:631 数字传媒:6321 网络科技:642 互联网平台:6431 网络安全:6440 数据服务:6450"),
    "software": _trades("""
        软件:6513 信息技术:65 系统集成:6531 物联网科技:6532 智能科技:6513 大数据科技:6550 数字文创:6572
    """),
    "outside": _trades("建筑工程:4790 商贸:5139 物流:543 餐饮管理:6210 农业开发:0141"),
}

SIZES: dict[tuple[Sector, str], SizeRange] = {
    ("industry", "micro"): SizeRange((4, 20), (40, 1_200)),
    ("industry", "small"): SizeRange((22, 280), (400, 18_000)),
    ("industry", "medium"): SizeRange((310, 900), (6_000, 39_000)),
    ("industry", "large"): SizeRange((1_050, 2_400), (45_000, 260_000)),
    ("telecom", "micro"): SizeRange((3, 10), (20, 400)),
    ("telecom", "small"): SizeRange((12, 95), (150, 5_000)),
    ("telecom", "medium"): SizeRange((110, 420), (1_200, 40_000)),
    ("software", "micro"): SizeRange((3, 10), (15, 400)),
    ("software", "small"): SizeRange((12, 95), (120, 5_000)),
    ("software", "medium"): SizeRange((110, 290), (1_200, 9_500)),
    ("software", "large"): SizeRange((320, 700), (11_000, 60_000)),
    ("outside", "small"): SizeRange((6, 10), (420, 900)),
}

NEWLY_ABOVE_SCALE = SizeRange((35, 190), (2_050, 5_800))
"""An enterprise (规上) whose yearly revenue has just passed 20 million yuan."""
