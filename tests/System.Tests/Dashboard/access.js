// What a page lacks for readers who see little or nothing: contrast of 4.5 : 1 (3 : 1 for large text), a name for everything that can be used, one first heading.
() => {
  const faults = [];
  const channels = (colour) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour; // whatever notation it has
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const backgroundOf = (element) => {
    const own = channels(getComputedStyle(element).backgroundColor);
    if (own.a === 1) return own;
    return over(own, element.parentElement ? backgroundOf(element.parentElement) : { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const isShown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const nameOf = (element) =>
    element.getAttribute("aria-label") || element.getAttribute("aria-labelledby") || [...(element.labels ?? [])].map((l) => l.innerText).join(" ") || element.getAttribute("alt") || element.innerText || "";
  const describe = (element) => `${element.tagName.toLowerCase()}.${element.className.baseVal ?? element.className} “${(element.innerText ?? "").slice(0, 40)}”`;

  const seen = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || seen.has(element) || !isShown(element) || element.closest("noscript, :disabled, .old, .uplot, datalist, select")) continue;
    seen.add(element);
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const background = backgroundOf(element);
    const found = contrast(over(channels(style.color), background), background);
    if (found < needed) faults.push(`contrast ${found.toFixed(2)} of ${describe(element)}`);
  }
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0'], [role=img]"))
    if (isShown(element) && !nameOf(element).trim()) faults.push(`no name: ${describe(element)}`);
  for (const image of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${image.src}`);
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) faults.push(`${headings} first headings`);
  for (const landmark of ["main", "nav[aria-label]", "form[role=search]"]) if (!document.querySelector(landmark)) faults.push(`no ${landmark}`);
  if (!document.documentElement.lang) faults.push("no language");
  if (new Set([...document.querySelectorAll("[id]")].map((e) => e.id)).size !== document.querySelectorAll("[id]").length) faults.push("an id twice");
  return faults;
}
