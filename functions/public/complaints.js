// 投诉与建议: anybody asks, suggests or complains, to the operator or to the mailbox, and follows it with number and code
// (§5.3).
import { send } from "./api.js";
import { formOf, kept, newKey, receiptFields, sendProven } from "./forms.js";
import { facts, field, h, link, options, title, when } from "./html.js";
import words from "./words.js";

const rest = { autocomplete: "off", spellcheck: "false" };

const text = () => h("textarea", { id: "text", name: "text", required: true, maxlength: 2000, rows: 7 });

const about = () => field("被反映单位的统一社会信用代码", h("input", { id: "about_uscc", name: "about_uscc", maxlength: 18, ...rest }),
  "选填，18 位。服务机构的代码可以在“服务机构”栏目查到。");

const people = (whom) => [
  field("姓名或单位", h("input", { id: "name", name: "name", maxlength: 120, autocomplete: "name" }), "选填。不留姓名也可以提交。"),
  field("联系方式", h("input", { id: "contact", name: "contact", maxlength: 120, autocomplete: "tel" }), whom),
];

const receiptOf = (heading, receipt, say, ...after) => [
  h("h2", {}, heading),
  h("p", { class: "advice" }, "请现在就抄下或截图保存受理编号和查询码：它们只显示这一次，遗失后无法补发，也无法查询答复。"),
  ...kept(receipt.complaint_id, receipt.code, say),
  ...after,
];

export const complain = async ({ say }) => {
  const key = newKey(); // one key for the form: whoever presses twice has complained once
  const submit = async (values) => receiptOf("已提交", await sendProven("complaints", values, key, say), say,
    h("p", {}, "凭受理编号和查询码，可在", link("complaints/answer", "查询进展和答复"), "看到办理期限、进展和答复。"));
  return [
    title("投诉与建议"),
    h("p", { class: "lead" }, "依据管理办法第五章第（三）条（§5.3），任何企业、服务机构和个人都可以咨询服务券问题、反映意见建议、投诉举报，无需登录，可以不留姓名。"),
    h("p", {}, "平台运营机构在期限内受理、核查和答复；经核实属实且造成严重影响的，提请市经信局处理。被投诉的单位有机会说明情况，但不会知道是谁投诉的。"),
    h("p", {}, "已经提交过的，可以", link("complaints/answer", "查询进展和答复"), "。对处理结果不满意，或者反映的是工作人员的，可以写信给", link("complaints/mailbox", "企业信箱"), "。"),
    formOf([
      field("类别", h("select", { id: "topic", name: "topic" }, options(words.topics, "", "请选择最接近的一类")), "选填。"),
      field("内容", text(), "必填，不超过 2,000 字。请写明时间、经过和涉及的单位。"),
      about(),
      field("订单编号", h("input", { id: "order_id", name: "order_id", maxlength: 120, ...rest }), "选填。与某一笔订单有关的，请填写其编号。"),
      ...people("选填。电话或邮箱，仅用于核实和答复，不会告知被投诉单位。"),
    ], "提交", submit, say),
  ];
};

export const writeLetter = async ({ say }) => {
  const key = newKey();
  const submit = async (values) => receiptOf("信件已送达企业信箱", await sendProven("complaints", { ...values, route: "mailbox" }, key, say), say,
    h("p", {}, "凭受理编号和查询码，可在", link("complaints/answer", "查询进展和答复"), "读到答复；只有您能打开。"));
  return [
    title("企业信箱"),
    h("p", { class: "lead" }, "依据管理办法第五章第（三）条（§5.3），对处理结果不满意，或者发现工作人员违纪违法的，可以写信给企业信箱，由市纪委监委受理。"),
    h("p", {}, "信件提交后即加密，只有市纪委监委（反映纪检监察人员的，为其上级机关）能够打开；平台运营机构、市经信局和系统管理员都不能。可以不留姓名。本页不能添加附件，有材料的请在信中说明。"),
    formOf([
      field("反映谁", h("select", { id: "accused", name: "accused" }, Object.entries(words.accused).reverse().map(([value, word]) => h("option", { value }, word))), "反映纪检监察人员的，由其上级机关受理。"),
      field("内容", text(), "必填，不超过 2,000 字。请写明时间、经过和涉及的人员、单位。"),
      about(),
      ...people("选填。电话或邮箱，仅用于核实和答复。"),
    ], "送交企业信箱", submit, say),
    h("p", {}, link("complaints", "返回投诉与建议")),
  ];
};

const shown = (progress) => [
  h("h2", {}, words.complaint[progress.state]),
  facts([
    ["受理编号", h("code", {}, progress.complaint_id)],
    ["收到日期", when(progress.received_on)],
    ["受理期限", progress.state === "received" && when(progress.accept_by)],
    ["答复期限", !progress.answered_on && progress.answer_by && when(progress.answer_by)],
    ["核查结果", words.outcomes[progress.outcome]],
    ["答复", progress.answer],
    ["答复日期", progress.answered_on && when(progress.answered_on)],
    ["不满意的", progress.remedy],
  ]),
];

const shownLetter = (letter) => [
  h("h2", {}, words.letter[letter.state]),
  facts([
    ["受理编号", h("code", {}, letter.letter_id)],
    ["收到日期", when(letter.received_on)],
    ["答复", letter.answer],
    ["答复日期", letter.answered_on && when(letter.answered_on)],
  ]),
];

const found = async ({ number, code }) => {
  try {
    return number.startsWith("ml_")
      ? shownLetter(await send("mailbox/answer", { letter_id: number, code }))
      : shown(await send(`complaints/${encodeURIComponent(number)}/answer`, { code }));
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    throw Object.assign(problem, { message: "没有找到，请核对受理编号和查询码；答复过保存期限后不再提供。" });
  }
};

export const followUp = async ({ say }) => [
  title("查询投诉进展"),
  h("p", { class: "lead" }, "投诉、建议和写给企业信箱的信，都凭受理编号和查询码查询。"),
  formOf(receiptFields("提交后显示的编号。"), "查询", found, say, false),
  h("p", {}, link("complaints", "返回投诉与建议")),
];

const PARTS = { answer: followUp, mailbox: writeLetter };

export const showPart = async (place) => {
  if (!Object.hasOwn(PARTS, place.parts[0])) throw Object.assign(new Error(), { status: 404 });
  return PARTS[place.parts[0]](place);
};
