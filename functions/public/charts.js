// Pictures of a year, drawn as SVG. Each has a table beside it that says the same in figures.

const NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 640, HEIGHT = 260, LEFT = 84, RIGHT = 16, TOP = 16, BOTTOM = 28;

const s = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// A round number just above the largest value: 1, 2 or 5 times a power of ten
const ceiling = (value) => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= value);
};

// Lines over the months of a year. `lines`: [name, values by month]; `marks`: [name, value] of lines across.
export const monthLines = (title, months, lines, marks, label) => {
  const top = ceiling(Math.max(1, ...marks.map(([, value]) => value), ...lines.flatMap(([, values]) => values.map((each) => each ?? 0))));
  const x = (at) => LEFT + ((WIDTH - LEFT - RIGHT) * at) / Math.max(1, months.length - 1);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => s("g", { class: "grid" },
    s("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(share * top), y2: y(share * top) }),
    s("text", { x: LEFT - 8, y: y(share * top) + 4, "text-anchor": "end" }, label(share * top))));
  const names = months.map((each, at) => s("text", { x: x(at), y: HEIGHT - 8, "text-anchor": "middle" }, each));
  const across = marks.map(([, value], at) => s("line", { class: `mark mark${at}`, x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }));
  const drawn = lines.map(([, values], at) => {
    const points = values.map((each, month) => [x(month), each]).filter(([, each]) => each !== null).map(([left, each]) => [left, y(each)]);
    return s("g", { class: `line line${at}` },
      s("polyline", { points: points.map((each) => each.join(",")).join(" ") }),
      ...points.map(([cx, cy]) => s("circle", { cx, cy, r: 3 })));
  });
  const key = document.createElement("ul");
  key.className = "key";
  key.append(...[...lines.map(([name], at) => [name, `line${at}`]), ...marks.map(([name], at) => [name, `mark${at}`])].map(([name, kind]) => {
    const item = document.createElement("li");
    const sample = document.createElement("span");
    sample.className = kind;
    item.append(sample, name);
    return item;
  }));
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, ...grid, s("g", { class: "months" }, ...names), ...across, ...drawn);
  return [picture, key];
};

// Where the districts lie to each other, not where they are: the fuller a tile, the more of the sum is theirs
export const districtTiles = (rows) => {
  const tiles = document.createElement("ul");
  tiles.className = "tiles";
  tiles.append(...rows.map(({ name, share, lines }) => {
    const tile = document.createElement("li");
    tile.style.setProperty("--share", `${Math.round(share)}%`);
    const heading = document.createElement("strong");
    heading.textContent = name;
    tile.append(heading, ...lines.map((text) => {
      const words = document.createElement("span");
      words.textContent = text;
      return words;
    }));
    return tile;
  }));
  return tiles;
};
