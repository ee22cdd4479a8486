// The desk of bureau, finance and operator: what waits for them, and the year in the pictures that they look at first.
import { now, read, useToken } from "./api.js";
import { districtTiles, monthLines } from "./charts.js";
import { bar, empty, field, h, table, title, when } from "./html.js";
import { hasProvider, leaveToSignIn, tokenOfReturn } from "./sign_in.js";
import { clock, count, percent, rounded, yearOf, yuan } from "./text.js";

const DESKS = ["platform", "bureau", "finance"];
const LONGEST = 20;
// the desks of whoever is signed in, and the Chinese words of the API's closed lists
let desks = [], words = {};
const main = document.querySelector("main");
const money = (fen) => `${yuan(fen)} 元`;
// 1,250,000 fen → "1.25 万"; for axes only
const short = (fen) => (fen >= 1_000_000 ? `${Math.round(fen / 10_000) / 100} 万` : yuan(fen).split(".")[0]);

const put = (...content) => {
  main.replaceChildren(...content.flat(3).filter(Boolean));
  main.removeAttribute("aria-busy");
};

const signIn = (problem = "") => {
  const says = problem && h("p", { class: "problem", role: "alert" }, problem);
  if (hasProvider) return put(title("登录"), says, h("p", {}, "请使用本单位的账号登录。"), h("p", {}, h("button", { type: "button", class: "main", onclick: leaveToSignIn }, "前往登录")));
  const input = h("input", { id: "token", name: "token", type: "password", autocomplete: "off", required: true });
  const form = h("form", { class: "form" }, field("访问令牌", input, "只保存在本页面，关闭后即失效。"), h("button", { type: "submit", class: "main" }, "进入"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter(input.value.trim());
  });
  put(title("登录"), says, form);
};

// The months of a year up to its latest figures, with each row's sum of a measure by month
const monthsOf = (usage) => {
  const known = usage.rows.flatMap((row) => row.months.map((each) => each.month)).sort();
  if (!known.length) return [];
  const [year, last] = known.at(-1).split("-").map(Number);
  const [first] = known[0].split("-").map(Number);
  const months = [];
  for (let at = first * 12; at < year * 12 + last; at += 1) months.push(`${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`);
  return months;
};

// What had come together by the end of each month; `measure` of a month's figures
const running = (rows, months, measure) => {
  let sum = 0;
  return months.map((month) => {
    for (const row of rows) for (const each of row.months) if (each.month === month) sum += measure(each.figures);
    return sum;
  });
};

const figuresBeside = (caption, columns, rows) => h("details", {}, h("summary", {}, "查看数字"), table(caption, columns, rows).element);

const monthName = (month) => `${Number(month.slice(5))}月`;

const used = (figures) => figures.held_fen - figures.released_fen;

// The day on which something is used up at the present pace
const reached = (day) => (day ? ["，按目前进度将于 ", when(day), " 用完"] : "");

const budget = (year, usage, compliance, months) => {
  const total = usage.rows.filter((row) => row.dimension === "total");
  const lines = [
    ["已领取", running(total, months, (figures) => figures.granted_fen)],
    ["已抵用", running(total, months, used)],
    ["已拨付", running(total, months, (figures) => figures.paid_fen)],
  ];
  return h("section", {}, h("h2", {}, "年度预算使用进度"),
    h("p", { class: "total" }, "年度预算 ", h("strong", {}, money(year.total_fen)), "，尚未领取 ", h("strong", {}, money(year.total_fen - year.granted_fen)), reached(compliance.budget.all_granted_on), "。"),
    months.length ? [monthLines("各月累计金额", months.map(monthName), lines, [["年度预算", year.total_fen]], short),
      figuresBeside("各月末累计（元）", [["月份", (row) => row.month], ...lines.map(([name], at) => [name, (row) => yuan(row.values[at]), "number"])],
        months.map((month, at) => ({ month, values: lines.map(([, values]) => values[at]) })))]
      : empty("本年度还没有发放或使用服务券。"));
};

const shareOf = (share) => (share === null ? "—" : `${share}%`);

const keyShare = (floor) => {
  const share = floor.shares.of_used, least = floor.floor_percent;
  return h("section", {}, h("h2", {}, "重点支持类别的比例"),
    h("p", {}, share === null ? "尚未使用服务券，暂无比例。" : [`占已使用金额 ${share}%，${share >= least ? "达到" : "低于"}不低于 ${least}% 的要求；占已领取 ${shareOf(floor.shares.of_granted)}，占年度预算 ${shareOf(floor.shares.of_budget)}。其他类别合计还可使用 ${money(floor.room_fen)}`, reached(floor.reached_on), "。"]),
    floor.trend.length > 0 && [
      monthLines("各月末重点支持类别占已使用金额的比例", floor.trend.map(({ month }) => monthName(month)), [["重点支持类别", floor.trend.map((each) => each.key_share_percent)]], [[`不低于 ${least}%`, least]], (each) => `${each}%`),
      figuresBeside("各月末比例", [["月份", (row) => row.month], ["比例", (row) => shareOf(row.share), "number"]],
        floor.trend.map(({ month, key_share_percent: share }) => ({ month, share })))]);
};

const caps = (compliance) => h("section", {}, h("h2", {}, "分类限额"), table("已使用金额占年度限额的比例，及其占已领取、已使用金额的比例", [
  ["服务类别", (cap) => words.categories[cap.category]],
  ["限额使用", (cap) => h("span", { class: "share" }, bar(percent(cap.used_fen, cap.cap_fen), cap.used_fen * 100 >= cap.cap_fen * 80 ? "low" : ""), h("span", {}, rounded(percent(cap.used_fen, cap.cap_fen)))), "number"],
  ["剩余（元）", (cap) => yuan(cap.room_fen), "number"],
  ["占预算", (cap) => shareOf(cap.shares.of_budget), "number"],
  ["占已领取", (cap) => shareOf(cap.shares.of_granted), "number"],
  ["占已使用", (cap) => shareOf(cap.shares.of_used), "number"],
  ["预计用完", (cap) => (cap.reached_on ? when(cap.reached_on) : "—")],
], compliance.caps).element);

const districts = (usage) => {
  const rows = usage.rows.filter((row) => row.dimension === "district");
  const whole = rows.reduce((sum, row) => sum + row.figures.granted_fen, 0);
  return h("section", {}, h("h2", {}, "区域分布"),
    rows.length ? districtTiles(rows.map(({ value, figures }) => ({
      name: words.districts[value] ?? value, share: percent(figures.granted_fen, whole),
      lines: [`${count(figures.firms)} 家企业`, `领取 ${money(figures.granted_fen)}`, `抵用 ${money(used(figures))}`, `占领取金额 ${rounded(percent(figures.granted_fen, whole))}`],
    }))) : empty("本年度还没有企业领券。"));
};

const work = (desk, list) => h("section", {}, h("h2", {}, `待办：${words.roles[desk]}（${count(Object.values(list.counts).reduce((sum, each) => sum + each, 0))}${list.at_least ? "+" : ""}）`),
  list.items.length ? [table("最紧急的在前", [
    ["事项", (task) => words.tasks[task.kind]],
    ["名称", (task) => task.title ?? task.about],
    ["起始", (task) => when(task.since, clock(task.since))],
    ["期限", (task) => (task.due_on ? h("span", { class: task.overdue ? "late" : "" }, when(task.due_on), task.overdue ? " 已逾期" : "") : "—")],
  ], list.items).element,
  h("p", {}, Object.entries(list.counts).map(([kind, number]) => `${words.tasks[kind]} ${count(number)}`).join(" · "))] : empty("没有待办事项。"));

// The money between the counted rows and the postings, as the latest reconciliation found it
const check = (usage) => {
  const state = usage.reconciliation;
  const counted = usage.cut_off ? ["数字统计至 ", when(usage.cut_off, clock(usage.cut_off)), "。"] : [];
  if (!state) return h("p", { class: "lead" }, counted, "尚未与分录核对。");
  return h("p", { class: state.agrees ? "lead" : "problem" }, counted, state.agrees ? "与分录核对一致：" : "与分录核对不一致：", when(state.cut_off, clock(state.cut_off)),
    state.agrees ? "。" : `。相差：${Object.entries(state.difference_fen).map(([account, fen]) => `${account} ${money(fen)}`).join("，")}`);
};

const showYears = (all, shown) => document.querySelector("#years").replaceChildren(...all.map((each) => h("li", {},
  h("a", { href: `#/${each.year}`, "aria-current": each.year === shown ? "page" : null }, `${each.year} 年`))));

const show = async () => {
  main.setAttribute("aria-busy", "true");
  try {
    const lists = await Promise.all(desks.map((role) => read("tasks", { role, limit: LONGEST })));
    const queues = desks.map((desk, at) => work(desk, lists[at]));
    const { items: all } = await read("programmes");
    const wanted = Number(location.hash.replace(/^#\/?/, ""));
    const found = all.find((each) => each.year === (wanted || yearOf(now()))) ?? all[0];
    showYears(all, found?.year);
    if (!found) return put(title("工作台"), queues, empty("还没有经财政局确认的年度预算。"));
    const [year, usage, compliance] = await Promise.all(
      [`programmes/${found.year}`, `reports/${found.year}/usage`, `reports/${found.year}/compliance`].map((path) => read(path)));
    const months = monthsOf(usage);
    put(title(`${year.year} 年度`), check(usage),
      budget(year, usage, compliance, months), caps(compliance), keyShare(compliance.floor), districts(usage), queues);
  } catch (problem) {
    if (problem.status === 401) return signIn(problem.message);
    if (problem.status === undefined) console.error(problem);
    put(title("暂时无法显示"), h("p", { class: "problem", role: "alert" }, problem.status === undefined ? "页面出现故障，请刷新后重试。" : problem.message),
      h("button", { type: "button", class: "main", onclick: show }, "重试"));
  }
};

const enter = async (token) => {
  useToken(token);
  try {
    const me = await read("me");
    desks = DESKS.filter((role) => me.roles.includes(role));
    words = (await read("vocabulary")).lists;
  } catch (problem) {
    return signIn(problem.message);
  }
  if (!desks.length) return signIn("本页供市经信局、市财政局和平台运营机构使用，您的账号没有相应的角色。");
  await show();
};

const start = async () => {
  try {
    const token = await tokenOfReturn();
    if (token) await enter(token);
    else signIn();
  } catch (problem) {
    signIn(problem.message);
  }
};

addEventListener("hashchange", () => desks.length && show());
start();
