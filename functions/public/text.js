// Amounts, days and instants in words: yuan with separators, and the clock of Lishui wherever the reader is.

const ZONE = { timeZone: "Asia/Shanghai" };
const GROUPED = new Intl.NumberFormat("zh-CN");
const DAY = new Intl.DateTimeFormat("zh-CN", { ...ZONE, year: "numeric", month: "long", day: "numeric" });
const WEEKDAY = new Intl.DateTimeFormat("zh-CN", { ...ZONE, weekday: "short" });
const CLOCK = new Intl.DateTimeFormat("zh-CN", { ...ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECONDS = new Intl.DateTimeFormat("zh-CN", { ...ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const YEAR = new Intl.DateTimeFormat("en", { ...ZONE, year: "numeric" });
const UNITS = [["天", 86400], ["小时", 3600], ["分", 60], ["秒", 1]];

// 123456 fen → "1,234.56"; exact, because nothing is divided that has a rest
export const yuan = (fen) => {
  const size = Math.abs(fen);
  const rest = String(size % 100).padStart(2, "0");
  return `${fen < 0 ? "-" : ""}${GROUPED.format((size - (size % 100)) / 100)}.${rest}`;
};

export const count = (number) => GROUPED.format(number);

// "2026-12-04" or an instant → a Date; a day without a clock is that day in Lishui
const moment = (text) => new Date(text.length === 10 ? `${text}T00:00:00+08:00` : text);

export const yearOf = (instant) => Number(YEAR.format(instant));

export const date = (text) => DAY.format(moment(text));

export const day = (text) => `${date(text)}（${WEEKDAY.format(moment(text))}）`;

export const clock = (text) => CLOCK.format(moment(text));

// with milliseconds, because in a rush they decide who came first
export const precise = (text) => `${SECONDS.format(moment(text))}.${String(moment(text).getMilliseconds()).padStart(3, "0")}`;

// the seconds until an instant, in the two or three units that matter
export const span = (seconds) => {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = UNITS.map(([unit, size]) => {
    const number = Math.floor(rest / size);
    rest -= number * size;
    return [number, unit];
  });
  const first = parts.findIndex(([number]) => number > 0);
  if (first < 0) return "不到 1 秒";
  return parts.slice(first, first === 0 ? 3 : 4).map(([number, unit]) => `${number} ${unit}`).join(" ");
};

export const percent = (part, whole) => (whole ? (100 * part) / whole : 0);

export const rounded = (number) => `${(Math.floor(number * 10) / 10).toFixed(1)}%`;
