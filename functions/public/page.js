// Which room of the page is shown: its address is the part after #, so that each can be linked to and gone back to.
import { askAnswer } from "./answers.js";
import { complain, showPart } from "./complaints.js";
import { h, title } from "./html.js";
import { listAgencies, listProducts, showAgency, showProduct } from "./market.js";
import { listNotices, showNotice } from "./notices.js";
import { showResults, showYear } from "./year.js";

const ROOMS = {
  notices: [listNotices, showNotice],
  answers: [askAnswer, askAnswer],
  year: [showYear, showYear],
  batches: [showYear, showResults],
  register: [listAgencies, showAgency],
  products: [listProducts, showProduct],
  complaints: [complain, showPart],
};
const NAVIGATION = { answers: "notices", batches: "year" };
const SITE = document.title;
const main = document.querySelector("main");
const status = document.querySelector("#status");

const say = (text) => { status.textContent = text; };

let leave = new AbortController();
let ticking = [];
let isFirst = true;

const place = () => {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [room = "", ...parts] = path.split("/").map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { room: room || "notices", parts: parts.filter(Boolean), query: Object.fromEntries(new URLSearchParams(search)) };
};

const trouble = (problem) => [
  title(problem.status === 404 ? "没有找到" : "暂时无法显示"),
  h("p", { class: "problem", role: "alert" }, problem.status === 404 ? "您要查看的内容不存在，或不再公开。" : problem.message),
  problem.status === 404 ? h("p", {}, h("a", { href: "#/notices" }, "返回首页")) : h("button", { type: "button", class: "main", onclick: () => show() }, "重试"),
];

// `isQuiet`: the same place is shown anew, and the reader stays where he is
const show = async (isQuiet = false) => {
  const { room, parts, query } = place();
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  ticking = [];
  const slow = setTimeout(() => say("正在加载"), 400);
  main.setAttribute("aria-busy", "true");
  document.querySelectorAll("header nav a").forEach((each) => {
    const isHere = each.getAttribute("href") === `#/${NAVIGATION[room] ?? room}`;
    if (isHere) each.setAttribute("aria-current", parts.length ? "true" : "page"); else each.removeAttribute("aria-current");
  });
  const handlers = Object.hasOwn(ROOMS, room) ? ROOMS[room] : null;
  let content;
  try {
    if (!handlers) throw Object.assign(new Error(), { status: 404 });
    const next = [];
    content = await handlers[parts.length ? 1 : 0]({ parts, query, signal, say, tick: (each) => next.push(each) });
    ticking = next;
  } catch (problem) {
    if (problem.name === "AbortError") return clearTimeout(slow);
    if (problem.status === undefined) console.error(problem);
    content = trouble(problem.status === undefined ? { message: "页面出现故障，请刷新后重试。" } : problem);
  }
  clearTimeout(slow);
  if (signal.aborted) return;
  main.replaceChildren(...content.flat(2).filter(Boolean));
  main.removeAttribute("aria-busy");
  const heading = main.querySelector("h1");
  document.title = `${heading.textContent} · ${SITE}`;
  if (!isFirst && !isQuiet) {
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }
  isFirst = false;
};

// a countdown that has ended shows the page anew, with the state that has begun; once, and only while it is looked at
setInterval(() => {
  if (document.hidden) return;
  const running = ticking.length;
  ticking = ticking.filter((each) => each());
  if (ticking.length < running) setTimeout(() => show(true), 1000 + Math.random() * 2000); // not all readers in the same instant
}, 1000);

addEventListener("hashchange", () => show());
show();
