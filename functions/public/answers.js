// 异议答复: whoever objected reads what became of it, by the number and the code of the receipt (§3.5.3).
import { send } from "./api.js";
import { formOf, receiptFields } from "./forms.js";
import { facts, h, link, title, when } from "./html.js";
import words from "./words.js";

const STAGES = { received: "已收到", under_examination: "核实中", decided: "已处理" };

const shown = (reply) => [
  h("h2", {}, STAGES[reply.stage]),
  facts([
    ["受理编号", h("code", {}, reply.objection_id)],
    ["收到日期", when(reply.received_on)],
    ["办理期限", reply.stage !== "decided" && reply.answer_by && when(reply.answer_by)],
    ["处理结果", words.objection[reply.decision]],
    ["处理意见", reply.opinion],
    ["处理日期", reply.decided_on && when(reply.decided_on)],
    ["依据", reply.decision && `管理办法 ${reply.clause}`],
  ]),
];

const found = async ({ number, code }) => {
  try {
    return shown(await send(`objections/${encodeURIComponent(number)}/answer`, { code }));
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    throw Object.assign(problem, { message: "没有找到，请核对受理编号和查询码；答复过保存期限后不再提供。" });
  }
};

export const askAnswer = async ({ say }) => [
  title("异议答复"),
  h("p", { class: "lead" }, "对公示提出过异议的，凭受理编号和查询码查询处理结果。"),
  formOf(receiptFields("提交异议后显示的编号。"), "查询", found, say, false),
  h("p", {}, link("notices", "返回公示列表")),
];
