// 公示: what is to be paid to which agency for which order, and how to object to it (§3.5.3).
import { address, read } from "./api.js";
import { formOf, kept, newKey, sendProven } from "./forms.js";
import { badge, empty, facts, field, h, link, more, table, title, when } from "./html.js";
import { count, date, yuan } from "./text.js";
import words from "./words.js";

const PAGE = 20;

export const heading = (notice) => (notice.kind === "removal" ? `清退公告：${notice.agency_name}` : `服务券兑付公示（${date(notice.published_on)}）`);

const remaining = (notice) => {
  if (notice.state !== "running") return words.notice[notice.state];
  if (notice.working_days_left === 0) return "公示期已满，待结束公示";
  return `还剩 ${count(notice.working_days_left)} 个工作日（含截止当日）`;
};

const term = (notice) => h("span", {}, when(notice.published_on), " 至 ", when(notice.ends_on));

const provisional = (notice) => notice.ends_certain === false && notice.state === "running"
  && h("small", {}, "期间有尚未公布的节假日安排，截止日期以后续公布为准。");

const card = (notice) => h("li", { class: "card" },
  h("h3", {}, link(`notices/${notice.notice_id}`, heading(notice))),
  notice.kind === "removal"
    ? facts([["公告日期", when(notice.published_on)]])
    : [badge(notice.state, words.notice[notice.state]),
      facts([
        ["公示期", term(notice), provisional(notice)],
        ["剩余时间", notice.state === "running" && remaining(notice)],
        ["公示金额", `${yuan(notice.total_fen)} 元`],
        ["订单", `${count(notice.lines.length)} 笔`],
      ])]);

const section = (name, list, nothing) => h("section", {}, h("h2", {}, name), nothing, list);

export const listNotices = async ({ signal, say }) => {
  const running = h("ul", { class: "cards" });
  const past = h("ul", { class: "cards" });
  const noneRunning = empty("目前没有正在进行的公示。");
  const nonePast = empty("还没有已结束的公示或公告。");
  const add = (notices) => {
    for (const notice of notices) (notice.state === "running" ? running : past).append(card(notice));
    noneRunning.hidden = running.childElementCount > 0;
    nonePast.hidden = past.childElementCount > 0;
  };
  const bring = async (cursor) => {
    const page = await read("notices", { limit: PAGE, cursor }, signal);
    add(page.items);
    return page.next_cursor;
  };
  const following = await bring(null);
  return [
    title("公示"),
    h("p", { class: "lead" }, "服务机构申请兑付的服务券，经审核后在此公示。任何人对公示内容有异议，都可以在公示期内提出。已提出异议的，可以", link("answers", "查询答复"), "。"),
    section("正在公示", running, noneRunning),
    section("已结束的公示和公告", past, nonePast),
    more(following, bring, say),
  ];
};

const lines = (notice) => table("公示的订单", [
  ["企业", (line) => line.enterprise_name],
  ["抵用金额（元）", (line) => yuan(line.amount_fen), "number"],
  ["服务机构", (line) => line.agency_name],
  ["服务类别", (line) => line.category_name],
  ["订单编号", (line) => h("code", {}, line.order_id)],
], notice.lines, h("tr", { role: "row" },
  h("th", { role: "rowheader", scope: "row" }, "合计"),
  h("td", { role: "cell", class: "number" }, yuan(notice.total_fen)),
  h("td", { role: "cell", colspan: 3 }, `${count(notice.lines.length)} 笔`)), "compact").element;

// for each agency of the notice how much it is to be paid, the largest first
const sums = (notice) => {
  const found = new Map();
  for (const line of notice.lines) {
    const sum = found.get(line.agency_uscc) ?? { name: line.agency_name, fen: 0, orders: 0 };
    found.set(line.agency_uscc, { ...sum, fen: sum.fen + line.amount_fen, orders: sum.orders + 1 });
  }
  return table("各服务机构合计", [
    ["服务机构", (sum) => sum.name],
    ["金额（元）", (sum) => yuan(sum.fen), "number"],
    ["订单数", (sum) => `${count(sum.orders)} 笔`],
  ], [...found.values()].sort((one, other) => other.fen - one.fen), null, "compact").element;
};

const subjects = (notice) => {
  const agencies = new Map(notice.lines.map((line) => [line.agency_uscc, line.agency_name]));
  return h("select", { id: "subject", name: "subject" },
    h("option", { value: "" }, "整个公示"),
    h("optgroup", { label: "某一服务机构的全部订单" },
      [...agencies].map(([uscc, name]) => h("option", { value: `agency_uscc ${uscc}` }, name))),
    h("optgroup", { label: "某一笔订单" },
      notice.lines.map((line) => h("option", { value: `order_id ${line.order_id}` },
        `${line.enterprise_name} — ${line.agency_name}，${yuan(line.amount_fen)} 元（${line.order_id.slice(-6)}）`))));
};

const objection = (notice, say) => {
  const key = newKey(); // one key for the form: whoever presses twice has objected once
  const submit = async ({ subject, ...said }) => {
    const [kind, id] = (subject ?? "").split(" ");
    const body = { ...said, ...(kind && { [kind]: id }) };
    const receipt = await sendProven(`notices/${notice.notice_id}/objections`, body, key, say);
    return [h("h3", {}, "异议已提交"), ...kept(receipt.objection_id, receipt.answer_code, say),
      h("p", {}, "请保存受理编号和查询码，本页关闭后不再显示；凭此可在", link("answers", "异议答复"), "查询处理结果。市经信局将核实并处理；处理期间，相关订单暂停兑付。")];
  };
  return formOf([
    field("对什么提出异议", subjects(notice), "只针对一笔订单或一家机构的，其余订单不受影响。"),
    field("姓名或单位", h("input", { id: "name", name: "name", required: true, maxlength: 120, autocomplete: "name" }), "必填。"),
    field("联系方式", h("input", { id: "contact", name: "contact", required: true, maxlength: 120, autocomplete: "tel" }), "必填。电话或邮箱，用于答复；不会公开。"),
    field("异议理由", h("textarea", { id: "reason", name: "reason", required: true, maxlength: 1000, rows: 5 }), "必填，不超过 1,000 字。请写明事实和依据。"),
  ], "提交异议", submit, say);
};

const toObjection = () => {
  document.querySelector("#objection").scrollIntoView();
  document.querySelector("#subject").focus({ preventScroll: true });
};

const takesObjections = (notice) => notice.state === "running" && notice.ended_at === null;

const objecting = (notice, say) => h("section", { id: "objection" },
  h("h2", {}, "提出异议"),
  takesObjections(notice)
    ? [h("p", {}, "公示期内，任何单位和个人对公示内容有异议的，可以在此提出，无需登录。可以针对整个公示、某一服务机构或某一笔订单；被提出异议的订单在处理完毕之前不予兑付，其余订单照常办理。"),
      objection(notice, say)]
    : h("p", {}, "本公示已不再受理异议。如发现骗取财政资金等问题，可向市经信局反映。"));

export const showNotice = async ({ parts: [id], signal, say }) => {
  const notice = await read(`notices/${encodeURIComponent(id)}`, {}, signal);
  if (notice.kind === "removal") {
    return [title(heading(notice)), facts([["服务机构", notice.agency_name], ["统一社会信用代码", h("code", {}, notice.agency_uscc)], ["公告日期", when(notice.published_on)]]),
      h("p", { class: "prose" }, notice.text), h("p", {}, link("notices", "返回公示列表"))];
  }
  return [
    title(heading(notice)),
    badge(notice.state, words.notice[notice.state]),
    h("p", { class: "prose" }, notice.text),
    facts([
      ["公示期", term(notice), provisional(notice)],
      ["剩余时间", remaining(notice)],
      ["公示金额", `${yuan(notice.total_fen)} 元`],
      ["订单", `${count(notice.lines.length)} 笔`],
    ], "facts wide-facts"),
    h("p", { class: "actions" },
      takesObjections(notice) && h("button", { type: "button", class: "main", onclick: toObjection }, "提出异议"),
      h("a", { class: "button plain", href: address(`notices/${notice.notice_id}.csv`), download: `${notice.notice_id}.csv` }, "下载表格（CSV）")),
    notice.lines.length ? [h("section", {}, h("h2", {}, "各服务机构"), sums(notice)), h("section", {}, h("h2", {}, "订单明细"), lines(notice))]
      : empty("本公示的订单均已撤出。"),
    objecting(notice, say),
    h("p", {}, link("notices", "返回公示列表")),
  ];
};
