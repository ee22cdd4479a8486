// 服务机构 and 服务产品: who may be ordered from, and what they offer (§3.2, §3.3).
import { read, readAll } from "./api.js";
import { empty, facts, field, h, link, more, options, title, when } from "./html.js";
import { count, day, yuan } from "./text.js";
import words from "./words.js";

const PAGE = 20;

const names = (categories) => categories.map((each) => words.categories[each]).join("、");

const rating = (agency) => (agency.rating_count ? `${agency.rating_average.toFixed(1)} 分（满分 5 分，${count(agency.rating_count)} 次评价）` : "暂无评价");

const price = (product) => `${yuan(product.price_fen)} 元 / ${product.price_unit}`;

// The form of a search. What is sought stands in the page's address, so that it can be shared and gone back to.
const searchForm = (room, query, placeholder, ...selects) => {
  const words_ = h("input", { id: "q", name: "q", type: "search", value: query.q ?? "", maxlength: 100, placeholder });
  const form = h("form", { class: "form search", role: "search" },
    field("关键词", words_), ...selects, h("button", { type: "submit", class: "main" }, "查找"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const found = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
    location.hash = `#/${room}${found.size ? `?${found}` : ""}`;
  });
  return form;
};

const categorySelect = (chosen) => field("服务类别", h("select", { id: "category", name: "category" }, options(words.categories, chosen, "全部类别")));

const list = async (path, query, card, nothing, signal, say) => {
  const items = h("ul", { class: "cards" });
  const bring = async (cursor) => {
    const page = await read(path, { ...query, limit: PAGE, cursor }, signal);
    items.append(...page.items.map(card));
    return page.next_cursor;
  };
  let following = await bring(null);
  // a page may be empty before the last one
  while (following !== null && !items.childElementCount) following = await bring(following);
  say(items.childElementCount ? `显示 ${items.childElementCount} 项` : nothing);
  return items.childElementCount ? [items, more(following, bring, say)] : empty(nothing);
};

const agencyCard = (agency) => h("li", { class: "card" },
  h("h2", {}, link(`register/${agency.uscc}`, agency.name)),
  facts([["服务类别", names(agency.categories)], ["所在区域", words.districts[agency.district]], ["评价", rating(agency)], ["联系电话", agency.contact_phone]]));

const productCard = (product) => h("li", { class: "card" },
  h("h2", {}, link(`products/${product.product_id}`, product.name)),
  facts([["服务机构", product.agency_name], ["服务类别", words.categories[product.category]], ["收费标准", price(product)]]));

export const listAgencies = async ({ query, signal, say }) => [
  title("服务机构"),
  h("p", { class: "lead" }, "经市经信局审核通过、目前可以使用服务券的签约服务机构。"),
  searchForm("register", query, "机构名称", categorySelect(query.category),
    field("所在区域", h("select", { id: "district", name: "district" }, options(words.districts, query.district, "全部区域")))),
  await list("register", query, agencyCard, "没有找到符合条件的服务机构，请换个条件再试。", signal, say),
];

export const showAgency = async ({ parts: [uscc], signal }) => {
  const agency = await read(`register/${encodeURIComponent(uscc)}`, {}, signal);
  const items = await readAll("products", { agency: uscc }, signal);
  return [
    title(agency.name),
    facts([
      ["信用代码", h("code", {}, agency.uscc)],
      ["服务类别", names(agency.categories)],
      ["所在区域", words.districts[agency.district]],
      ["联系人", agency.contact_name],
      ["联系电话", agency.contact_phone && h("a", { href: `tel:${agency.contact_phone.replace(/[^0-9+]/g, "")}` }, agency.contact_phone)],
      ["入驻有效期至", when(agency.valid_until)],
      ["评价", rating(agency)],
    ], "facts wide-facts"),
    h("section", {}, h("h2", {}, `服务产品（${count(items.length)}）`),
      items.length ? h("ul", { class: "cards" }, items.map((product) => h("li", { class: "card" },
        h("h3", {}, link(`products/${product.product_id}`, product.name)),
        facts([["服务类别", words.categories[product.category]], ["收费标准", price(product)]])))) : empty("该机构目前没有上架的服务产品。")),
    h("p", {}, link("register", "返回服务机构列表")),
  ];
};

export const listProducts = async ({ query, signal, say }) => [
  title("服务产品"),
  h("p", { class: "lead" }, "可以使用服务券抵扣部分合同金额的服务。"),
  searchForm("products", query, "产品名称、内容或区域", categorySelect(query.category)),
  await list("products", query, productCard, "没有找到符合条件的服务产品，请换个条件再试。", signal, say),
];

export const showProduct = async ({ parts: [id], signal }) => {
  const product = await read(`products/${encodeURIComponent(id)}`, {}, signal);
  const before = product.prices.slice(0, -1).map((each) => `${yuan(each.price_fen)} 元 / ${each.price_unit}（${day(each.since)}起）`);
  return [
    title(product.name),
    facts([
      ["服务机构", link(`register/${product.agency_uscc}`, product.agency_name)],
      ["服务类别", words.categories[product.category]],
      ["收费标准", price(product)],
      ["此前的收费标准", before.join("；")],
      ["服务区域", product.area],
      ["服务期限", product.term],
    ], "facts wide-facts"),
    h("section", {}, h("h2", {}, "服务内容"), h("p", { class: "prose" }, product.content)),
    h("p", {}, link("products", "返回服务产品列表")),
  ];
};
