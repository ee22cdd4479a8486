// Elements from data. Text is only ever set as text, so nothing that somebody wrote becomes markup.

import { day } from "./text.js";

export const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

export const title = (text) => h("h1", { tabindex: "-1" }, text);

export const link = (path, ...children) => h("a", { href: `#/${path}` }, ...children);

// A day, or an instant with its clock; the day is not broken into two lines
export const when = (text, clock = "") => h("time", { datetime: text }, h("span", { class: "whole" }, day(text)), clock && ` ${clock}`);

export const empty = (text) => h("p", { class: "empty" }, text);

export const badge = (kind, text) => h("span", { class: `badge ${kind}` }, text);

// Facts as a list of terms; those without a value are left out
export const facts = (pairs, kind = "facts") =>
  h("dl", { class: kind }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
    .map(([term, value, note]) => h("div", {}, h("dt", {}, term), h("dd", {}, value, note && h("small", {}, note)))));

// A share of a whole, with the words beside it; the picture itself says nothing that the words do not
export const bar = (share, kind = "", mark = null) => {
  const fill = h("span", { class: "fill" });
  fill.style.setProperty("inline-size", `${Math.min(100, Math.max(0, share))}%`);
  const line = mark === null ? null : h("span", { class: "mark" });
  line?.style.setProperty("inset-inline-start", `${mark}%`);
  return h("span", { class: `bar ${kind}`, "aria-hidden": "true" }, fill, line);
};

// A table that becomes cards on a phone; `columns`: [heading, cell of a row, class]. Its roles are said, because some
// browsers forget them when a table is laid out as blocks.
export const table = (caption, columns, rows, foot = null, kind = "") => {
  const body = h("tbody", { role: "rowgroup" });
  const fill = (more) => body.append(...more.map((row) => h("tr", { role: "row" }, columns.map(([heading, cell, kind], at) =>
    h(at ? "td" : "th", { role: at ? "cell" : "rowheader", scope: at ? undefined : "row", class: kind, "data-heading": heading }, cell(row))))));
  fill(rows);
  const element = h("table", { role: "table", class: kind },
    h("caption", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      columns.map(([heading, , kind]) => h("th", { role: "columnheader", scope: "col", class: kind }, heading)))),
    body, foot && h("tfoot", { role: "rowgroup" }, foot));
  return { element, fill };
};

// A button that brings the next page, and goes when there is none; `bring(cursor)` adds it and says where it ended
export const more = (cursor, bring, say) => {
  let following = cursor;
  const button = h("button", { type: "button", class: "more", hidden: following === null }, "显示更多");
  let isBusy = false; // said by aria-disabled, because a disabled button would lose the focus
  button.addEventListener("click", async () => {
    if (isBusy) return;
    isBusy = true;
    button.setAttribute("aria-disabled", "true");
    try {
      following = await bring(following);
      button.hidden = following === null;
      say(following === null ? "已全部显示" : "已显示更多");
    } catch (problem) {
      say(problem.message);
      button.after(h("p", { class: "problem", role: "alert" }, problem.message));
    }
    button.removeAttribute("aria-disabled");
    isBusy = false;
  });
  return button;
};

export const field = (label, input, hint = "") => {
  const id = input.id;
  const help = h("small", { id: `${id}-help` }, hint);
  input.setAttribute("aria-describedby", `${id}-help`);
  return h("div", { class: "field" }, h("label", { for: id }, label), input, help);
};

export const options = (words, chosen, first) =>
  [h("option", { value: "" }, first), ...Object.entries(words).map(([value, word]) =>
    h("option", { value, selected: value === chosen }, word))];
