/** Build elements without HTML text: whatever a title holds, it stays text. */

type Child = Node | string | null;
type Attributes = Record<string, string | number | boolean | null>;

/** Make an element; an attribute that is `false` or null is left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

const SHAPES = {
  play: "M8 5.5v13l11-6.5z",
  pause: "M7 5h3.6v14H7zM13.4 5H17v14h-3.6z",
  sound: "M4 9.5v5h3.4L12 19V5L7.4 9.5zM14.5 8.2a5 5 0 0 1 0 7.6l-1-1.4a3.2 3.2 0 0 0 0-4.8zM16.8 5.6a8.3 8.3 0 0 1 0 12.8l-1-1.4a6.6 6.6 0 0 0 0-10z",
  silent: "M4 9.5v5h3.4L12 19V5L7.4 9.5zM20.6 9.6l-1.2-1.2-2.4 2.4-2.4-2.4-1.2 1.2 2.4 2.4-2.4 2.4 1.2 1.2 2.4-2.4 2.4 2.4 1.2-1.2-2.4-2.4z",
  fullscreen: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  pip: "M3 5h18v14H3zm2 2v10h14V7zm6 4h7v5h-7z",
  settings: "M10.1 5 10.3 2.3 13.7 2.3 13.9 5 15.6 5.8 17.7 4 20 6.3 18.2 8.4 19 10.1 21.7 10.3 21.7 13.7 19 13.9 18.2 15.6 20 17.7 17.7 20 15.6 18.2 13.9 19 13.7 21.7 10.3 21.7 10.1 19 8.4 18.2 6.3 20 4 17.7 5.8 15.6 5 13.9 2.3 13.7 2.3 10.3 5 10.1 5.8 8.4 4 6.3 6.3 4 8.4 5.8zM12 8.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8",
  captions: "M3 5h18v14H3zm2 2v10h14V7zm1.5 6.4h4.2V15H6.5zm5.8 0h5.2V15h-5.2zM6.5 10h7v1.6h-7zm8.6 0h2.4v1.6h-2.4z",
  close: "M6.2 4.8 12 10.6l5.8-5.8 1.4 1.4-5.8 5.8 5.8 5.8-1.4 1.4-5.8-5.8-5.8 5.8-1.4-1.4 5.8-5.8-5.8-5.8z",
  sleep: "M13.6 3.2a8.9 8.9 0 1 0 7 12.2 7.2 7.2 0 0 1-7-12.2",
  onward: "M9.5 5.5 16 12l-6.5 6.5-1.4-1.4 5.1-5.1-5.1-5.1z",
  tv: "M3 5h18v12H3zm2 2v8h14V7zM8 18.5h8V20H8z",
  radio: "M5 9.2 16.6 4l.8 1.8L10.5 9H20v11H4V9.2zM6 11v7h12v-7zm2.8 1.4a2.1 2.1 0 1 1 0 4.2 2.1 2.1 0 0 1 0-4.2M13 13h3.6v1.4H13zm0 2.4h3.6v1.4H13z",
  rewind: "M12 5V1.8L6.6 6 12 10.2V7a5.8 5.8 0 1 1-5.8 5.8H4.2A7.8 7.8 0 1 0 12 5z",
  forward: "M12 5V1.8L17.4 6 12 10.2V7a5.8 5.8 0 1 0 5.8 5.8h2A7.8 7.8 0 1 1 12 5z",
  share: "M17 15.2a2.8 2.8 0 0 0-2 .8l-6-3.4a3 3 0 0 0 0-1.2l6-3.4a2.9 2.9 0 1 0-.9-2.1l.1.7-6 3.4a2.9 2.9 0 1 0 0 4l6 3.5-.1.6a2.9 2.9 0 1 0 2.9-2.9z",
  search: "M10.5 3.5a7 7 0 1 0 4.3 12.5l4.6 4.6 1.4-1.4-4.6-4.6a7 7 0 0 0-5.7-11.1m0 2a5 5 0 1 1 0 10 5 5 0 0 1 0-10",
  calendar: "M7 3h2v2h6V3h2v2h3v15H4V5h3zm-1 7v8h12v-8zm2 2h3v3H8z",
  again: "M4 4h16v2H4zm2 4h12v2H6zm-3 4h18v9H3zm6.5 1.8v5.4l4.8-2.7z",
  menu: "M4 6h16v2H4zm0 5h16v2H4zm0 5h16v2H4z",
  star: "m12 3.2 2.7 5.6 6.1.8-4.5 4.2 1.2 6.1-5.5-3-5.5 3 1.2-6.1-4.5-4.2 6.1-.8zm0 4.5-1.4 2.9-3.2.4 2.4 2.2-.6 3.2 2.8-1.6 2.8 1.6-.6-3.2 2.4-2.2-3.2-.4z",
  starred: "m12 3.2 2.7 5.6 6.1.8-4.5 4.2 1.2 6.1-5.5-3-5.5 3 1.2-6.1-4.5-4.2 6.1-.8z",
  back: "M14.5 5.5 8 12l6.5 6.5 1.4-1.4-5.1-5.1 5.1-5.1z",
} as const;

/** Make a drawing that assistive technology skips: the button around it has the name. */
export function icon(name: keyof typeof SHAPES): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}
