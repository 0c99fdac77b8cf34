// Everything that is wrong with what can be seen and hit, in words; for test_small_screens.py.
(() => {
  const wide = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > wide) {
    found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  }
  const open = document.querySelector("dialog[open]");
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !one.closest(".visually-hidden, [inert]") && (!open || open.contains(one));
  const name = (one) => `${one.tagName.toLowerCase()}.${one.className} `
    + `"${(one.getAttribute("aria-label") ?? one.textContent).trim().slice(0, 40)}"`;
  const scrolls = (one) => {
    for (let box = one.parentElement; box; box = box.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth) return true;
    }
    return false;
  };
  // A control that lies in the words of a label is hit by the label.
  const target = (one) => one.closest("label") ?? one;
  const controls = [...document.querySelectorAll("a[href], button, input, select, summary")].filter(shown);
  for (const one of controls) {
    const { left, right, width, height } = target(one).getBoundingClientRect();
    if (width === 0) continue;
    if ((left < -0.5 || right > wide + 0.5) && !scrolls(one)) {
      found.push(`${name(one)} reaches from ${Math.round(left)} to ${Math.round(right)}`);
    }
    const isInText = one.matches("p a, li p a, dd a");
    if (!isInText && (width < 24 || height < 24)) {
      found.push(`${name(one)} is ${Math.round(width)} x ${Math.round(height)}`);
    }
    if (one.matches("button.control, button.live, button.primary") && Math.min(width, height) < 43.5) {
      found.push(`${name(one)} is ${Math.round(width)} x ${Math.round(height)}, meant to be 44`);
    }
  }
  // What of a control is in sight: a list that scrolls cuts off the rest.
  const inSight = (one) => {
    let { left, right, top, bottom } = one.getBoundingClientRect();
    for (let box = one.parentElement; box; box = box.parentElement) {
      if (getComputedStyle(box).overflowY === "visible") continue;
      const edge = box.getBoundingClientRect();
      [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
      [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
    }
    return { left, right, top, bottom };
  };
  // Two controls do not cover each other; one inside another belongs to it, and a star stands on its card.
  const onCard = (one, other) => one.parentElement === other.parentElement && [one, other].some((each) => each.matches(".star"));
  const boxes = controls.filter((one) => target(one) === one).map((one) => [one, inSight(one)]);
  for (const [at, [one, a]] of boxes.entries()) {
    for (const [other, b] of boxes.slice(at + 1)) {
      if (one.contains(other) || other.contains(one) || onCard(one, other) || scrolls(one) !== scrolls(other)) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 2) found.push(`${name(one)} and ${name(other)} cover each other`);
    }
  }
  // Words are cut neither by their own box nor by one around them, unless it scrolls or says "…".
  for (const one of document.querySelectorAll("h1, h2, h3, p, button, a, label, bdi, dt, dd, legend, output")) {
    if (!shown(one) || !one.textContent.trim() || one.matches("select *")) continue;
    const style = getComputedStyle(one);
    const isCut = (style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1)
      || (style.overflowY !== "visible" && one.scrollHeight > one.clientHeight + 2);
    const mayBe = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none"
      || /auto|scroll/.test(style.overflowX + style.overflowY);
    if (isCut && !mayBe) found.push(`the words of ${name(one)} are cut`);
    const { left, right } = one.getBoundingClientRect();
    const endsInDots = one.parentElement && getComputedStyle(one.parentElement).textOverflow === "ellipsis";
    if (right - left > 1 && (left < -0.5 || right > wide + 0.5) && !scrolls(one) && !endsInDots) {
      found.push(`the words of ${name(one)} reach from ${Math.round(left)} to ${Math.round(right)}`);
    }
  }
  return [...new Set(found)];
})()
