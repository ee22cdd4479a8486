// 异议答复: whoever objected reads what became of it, by the number and the code of the receipt (§3.5.3).
import { send } from "./api.js";
import { facts, field, h, link, title, when } from "./html.js";
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

export const askAnswer = async ({ say }) => {
  const number = h("input", { id: "number", name: "number", required: true, autocomplete: "off", spellcheck: "false" });
  const code = h("input", { id: "code", name: "code", required: true, autocomplete: "off", spellcheck: "false" });
  const answer = h("div", { class: "answer", tabindex: "-1" });
  const form = h("form", { class: "form", novalidate: true },
    field("受理编号", number, "提交异议后显示的编号。"),
    field("查询码", code, "与受理编号一同显示，可以不写短横线。"),
    h("button", { type: "submit", class: "main" }, "查询"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = [number, code].find((input) => !input.value.trim());
    if (missing) return missing.focus();
    try {
      const reply = await send(`objections/${encodeURIComponent(number.value.trim())}/answer`, { code: code.value });
      answer.replaceChildren(...shown(reply).flat());
    } catch (problem) {
      const message = problem.status === 404 ? "没有找到，请核对受理编号和查询码；答复过保存期限后不再提供。" : problem.message;
      answer.replaceChildren(h("p", { class: "problem", role: "alert" }, message));
      say(message);
    }
    answer.focus();
  });
  return [title("异议答复"), h("p", { class: "lead" }, "对公示提出过异议的，凭受理编号和查询码查询处理结果。"), form, answer, h("p", {}, link("notices", "返回公示列表"))];
};
