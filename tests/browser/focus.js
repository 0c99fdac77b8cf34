// What has the focus, as one sees it who has only the keyboard; for test_keyboard_only.py.
(() => {
  const one = document.activeElement;
  if (!one || one === document.body || one.localName === "main") return { role: "page", name: "", faults: [] };
  const inside = one.closest("dialog, main, header, body");
  const box = (one.closest("label") ?? one).getBoundingClientRect();
  const roles = { A: "link", BUTTON: "button", SELECT: "combobox", SUMMARY: "button" };
  const types = { range: "slider", search: "searchbox", checkbox: "checkbox", radio: "radio", text: "textbox" };
  const role = one.getAttribute("role") ?? types[one.type] ?? roles[one.tagName] ?? one.localName;
  const words = one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent;
  const name = words.replace(/\s+/g, " ").trim();
  const faults = [];
  if (!name) faults.push("has no name");
  if (!one.checkVisibility({ visibilityProperty: true, opacityProperty: true })) faults.push("is not visible");
  const [middleX, middleY] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const isOnScreen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  if (!isOnScreen) faults.push(`is off the screen, at ${Math.round(box.left)}, ${Math.round(box.top)}`);
  else if (middleX >= 0 && middleX < innerWidth && middleY >= 0 && middleY < innerHeight) {
    const top = document.elementFromPoint(middleX, middleY);
    const isSeen = top && ((one.closest("label") ?? one).contains(top) || top.contains(one));
    if (!isSeen) faults.push(`is covered by ${top?.className || top?.localName}`);
  }
  // The ring is on it, on what stands for it, or on a slider's thumb, of which only the rule can be read.
  const thumb = "::-webkit-slider-thumb";
  const hasRingedThumb = one.type === "range" && [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .some(({ selectorText = "", style }) => selectorText.endsWith(thumb) && selectorText.includes(":focus-visible")
      && one.matches(selectorText.slice(0, -thumb.length)) && /outline: [2-9]px/.test(style.cssText));
  const ringed = hasRingedThumb || [one, one.closest("label"), one.nextElementSibling].filter(Boolean).some((part) => {
    const style = getComputedStyle(part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && style.outlineColor !== "rgba(0, 0, 0, 0)";
  });
  if (!ringed) faults.push("shows no ring");
  return { role, name, faults, place: inside?.localName ?? "", top: Math.round(box.top + scrollY), left: Math.round(box.left) };
})()
