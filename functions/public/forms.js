// Forms that anybody may send without an account: what is missing or wrong is said beside its field, and whoever presses
// twice has sent once.
import { send } from "./api.js";
import { prove } from "./effort.js";
import { facts, field, h } from "./html.js";

export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// When many send at once, the API asks for a proof of effort, and takes the same words with it.
export const sendProven = async (path, body, key, say) => {
  for (let proof; ;) {
    try {
      return await send(path, { ...body, ...(proof && { effort: proof }) }, key);
    } catch (problem) {
      if (!problem.effort) throw problem;
      say("目前提交的人较多，正在计算提交所需的证明，请不要关闭页面。");
      proof = await prove(problem.effort);
    }
  }
};

// `submit(values)` gets what was filled in, by name, and gives what is then shown below the form, or `isLast` in its place
export const formOf = (fields, label, submit, say, isLast = true) => {
  const button = h("button", { type: "submit", class: "main" }, label);
  const answer = h("div", { class: "answer", tabindex: "-1" });
  const form = h("form", { class: "form", novalidate: true }, fields, button);
  const inputs = [...form.querySelectorAll("input, select, textarea")];
  const help = (input) => input.parentElement.querySelector("small");
  const hints = new Map(inputs.map((input) => [input, help(input).textContent]));
  const mark = (input, message) => {
    input.setAttribute("aria-invalid", "true");
    help(input).textContent = message;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.hasAttribute("aria-disabled")) return;
    for (const input of inputs) {
      input.removeAttribute("aria-invalid");
      help(input).textContent = hints.get(input);
    }
    const missing = inputs.filter((input) => input.required && !input.value.trim());
    missing.forEach((input) => mark(input, "请填写此项。"));
    if (missing.length) return missing[0].focus();
    button.setAttribute("aria-disabled", "true"); // not disabled, which would take the focus away
    try {
      const values = inputs.map((input) => [input.name, input.value.trim()]);
      const content = await submit(Object.fromEntries(values.filter(([, value]) => value)));
      if (isLast) form.replaceWith(answer); else form.after(answer);
      answer.replaceChildren(...content.flat(2).filter(Boolean));
      answer.focus();
    } catch (problem) {
      const wrong = problem.errors?.map((each) => [inputs.find((one) => one.name === each.field), each.message]).filter(([input]) => input) ?? [];
      wrong.forEach(([input, message]) => mark(input, message));
      if (problem.status === undefined) console.error(problem);
      const message = problem.status === undefined ? "页面出现故障，请刷新后重试。" : problem.message;
      answer.replaceChildren(h("p", { class: "problem", role: "alert" }, message));
      form.append(answer);
      say(message);
      wrong[0]?.[0].focus();
    }
    button.removeAttribute("aria-disabled");
  });
  return form;
};

// What opens an answer: the number and the code of the receipt
export const receiptFields = (hint) => [
  field("受理编号", h("input", { id: "number", name: "number", required: true, autocomplete: "off", spellcheck: "false" }), hint),
  field("查询码", h("input", { id: "code", name: "code", required: true, autocomplete: "off", spellcheck: "false" }), "与受理编号一同显示，可以不写短横线。"),
];

// The number and the code of a receipt, which are shown once
export const kept = (number, code, say) => {
  const grouped = code?.match(/.{1,4}/g).join("-") ?? "";
  const copy = h("button", { type: "button", class: "plain button" }, "复制编号和查询码");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(`受理编号 ${number}，查询码 ${grouped}`);
    copy.textContent = "已复制";
    say("已复制");
  });
  return [facts([["受理编号", h("code", {}, number)], ["查询码", h("code", {}, grouped)]]),
    h("p", { class: "actions" }, navigator.clipboard && copy)];
};
