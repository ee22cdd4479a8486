// 年度预算: a year's money, its batches and what they have left, categories against their caps (§1.3, §1.4, §2.2).
import { now, read, readAll } from "./api.js";
import { badge, bar, empty, facts, h, link, more, table, title, when } from "./html.js";
import { clock, count, percent, precise, rounded, span, yearOf, yuan } from "./text.js";
import words from "./words.js";

const money = (fen) => `${yuan(fen)} 元`;

// A sum with its share of the year's total
const sum = (term, fen, whole, note) => h("div", {},
  h("dt", {}, term), h("dd", {}, h("strong", {}, money(fen)), bar(percent(fen, whole)), h("small", {}, `占年度预算 ${rounded(percent(fen, whole))}。${note}`)));

const budget = (year) => h("section", {},
  h("h2", {}, "资金"),
  h("p", { class: "total" }, "年度预算 ", h("strong", {}, money(year.total_fen))),
  h("dl", { class: "sums" },
    sum("已投放", year.released_fen, year.total_fen, "各批次投放的服务券总额。"),
    sum("已领取", year.granted_fen, year.total_fen, "企业已领到的服务券面额。"),
    sum("使用中", year.held_fen, year.total_fen, "已下单抵用，尚未审定兑付。"),
    sum("已审定兑付", year.spent_fen, year.total_fen, "公示无异议，应付和已付给服务机构。"),
    sum("已作废", year.lapsed_fen, year.total_fen, "到期未用或依规作废的券额。"),
    sum("结余", year.surplus_fen, year.total_fen, "可用于补发；年度结束后不结转。")));

// Nothing is claimed any more when the vouchers themselves have ended; instants in UTC sort as texts
const claimsEnd = (batch) => (batch.ends_at < batch.closes_at ? batch.ends_at : batch.closes_at);

const countdown = (batch, tick) => {
  const opens = new Date(batch.opens_at), closes = new Date(claimsEnd(batch));
  const text = h("strong", { class: "clock" });
  const show = () => {
    const [target, before] = batch.state === "published" ? [opens, "距开始领取还有 "] : [closes, "距领取截止还有 "];
    const seconds = (target - now()) / 1000;
    text.textContent = before + span(seconds);
    return seconds > 0;
  };
  show();
  tick(show);
  return h("p", {}, text);
};

const isOver = (batch) => batch.state === "closed" || batch.state === "sold_out";

const batchCard = (batch, tick) => h("li", { class: "card" },
  h("h3", {}, batch.name),
  badge(batch.state, words.batch[batch.state]),
  isOver(batch) ? null : countdown(batch, tick),
  facts([
    ["开始领取", when(batch.opens_at, clock(batch.opens_at))],
    ["领取截止", when(claimsEnd(batch), clock(claimsEnd(batch)))],
    ["有效期至", when(batch.valid_until)],
    ["来源", batch.kind === "rerelease" && "补发：本年度作废的券额再次投放"],
    ["可用于", batch.categories.length ? batch.categories.map((each) => words.categories[each]).join("、") : "全部服务类别"],
    ["批次金额", money(batch.amount_fen)],
    batch.state === "closed" ? ["转入结余", money(batch.surplus_fen)] : ["剩余", `${batch.state === "open" ? "约 " : ""}${money(batch.remaining_fen)}`],
  ]),
  isOver(batch) ? null : bar(percent(batch.remaining_fen, batch.amount_fen), "left"),
  isOver(batch) && h("p", {}, link(`batches/${batch.batch_id}`, "查看领券结果")));

const caps = (year) => table("各服务类别的限额和使用", [
  ["服务类别", (row) => [words.categories[row.name], row.key && h("small", {}, " 重点支持")]],
  ["已使用（元）", (row) => yuan(row.used_fen), "number"],
  ["年度限额（元）", (row) => yuan(row.cap_fen), "number"],
  ["剩余（元）", (row) => yuan(row.room_fen), "number"],
  ["使用比例", (row) => h("span", { class: "share" }, bar(percent(row.used_fen, row.cap_fen)), h("span", {}, rounded(percent(row.used_fen, row.cap_fen)))), "number"],
], Object.keys(words.categories).map((name) => ({ name, key: year.policy.key_categories.includes(name), ...year.categories[name] }))).element;

const keyShare = (year) => {
  const floor = year.key_floor_percent, share = year.key_share_percent;
  const names = year.policy.key_categories.map((each) => words.categories[each]).join("、");
  const verdict = share === null ? "尚未使用服务券，暂无比例。"
    : `目前为 ${rounded(share)}，${share >= floor ? "达到" : "低于"}不低于 ${floor}% 的要求。`;
  return h("section", {}, h("h2", {}, "重点支持类别的比例"),
    h("p", {}, `${names}三类合计，在已使用金额中应不低于 ${floor}%。`.replace("三类", year.policy.key_categories.length === 3 ? "三类" : "")),
    h("p", { class: "total" }, h("strong", {}, verdict)),
    bar(share ?? 0, share !== null && share < floor ? "low" : "", floor));
};

const years = (all, shown) => all.length > 1 && h("nav", { "aria-label": "年度", class: "years" }, h("ul", {}, all.map((each) =>
  h("li", {}, h("a", { href: `#/year/${each.year}`, "aria-current": each.year === shown ? "page" : null }, `${each.year} 年`)))));

export const showYear = async ({ parts: [wanted], signal, tick }) => {
  const { items: all } = await read("programmes", {}, signal);
  if (!wanted && !all.length) return [title("年度预算"), empty("还没有经财政局确认的年度预算。")];
  // this year, even if the next one is open already
  const number = wanted ?? (all.find((each) => each.year === yearOf(now())) ?? all[0]).year;
  const [year, batches] = await Promise.all([read(`programmes/${encodeURIComponent(number)}`, {}, signal), readAll("batches", {}, signal)]);
  const own = batches.filter((batch) => batch.year === year.year);
  return [
    title(`${year.year} 年度服务券`),
    badge(year.state, words.programme[year.state]),
    years(all, year.year),
    budget(year),
    h("section", {}, h("h2", {}, `批次（${count(own.length)}）`),
      h("p", { class: "lead" }, "先到先得、总额控制、用完为止、期满作废。"),
      own.length ? h("ul", { class: "cards" }, own.map((batch) => batchCard(batch, tick))) : empty("本年度还没有发布批次。")),
    keyShare(year),
    h("section", {}, h("h2", {}, "分类限额"), caps(year)),
  ];
};

export const showResults = async ({ parts: [id], signal, say }) => {
  const path = `batches/${encodeURIComponent(id)}`;
  const batch = await read(path, {}, signal);
  const back = h("p", {}, link(`year/${batch.year}`, `返回 ${batch.year} 年度`));
  if (!isOver(batch)) {
    return [title(`${batch.name}：领券结果`), h("p", { class: "empty" }, "领券结果在领取结束后公布。领取截止：", when(claimsEnd(batch), clock(claimsEnd(batch))), "。"), back];
  }
  const page = await read(`${path}/results`, { limit: 50 }, signal);
  const { element, fill } = table("按领取先后排列", [
    ["企业", (row) => row.enterprise_name],
    ["金额（元）", (row) => yuan(row.amount_fen), "number"],
    ["次序", (row) => `第 ${count(row.number)} 位`],
    ["领取时间", (row) => when(row.granted_at, precise(row.granted_at))],
  ], page.items, null, "compact");
  const bring = async (cursor) => {
    const next = await read(`${path}/results`, { limit: 50, cursor }, signal);
    fill(next.items);
    return next.next_cursor;
  };
  return [
    title(`${batch.name}：领券结果`),
    badge(batch.state, words.batch[batch.state]),
    facts([["领券企业", `${count(page.count)} 家`], ["领取金额", money(page.granted_fen)], ["批次金额", money(batch.amount_fen)]], "facts wide-facts"),
    page.items.length ? [element, more(page.next_cursor, bring, say)] : empty("没有企业领取本批次的服务券。"),
    back,
  ];
};
