// A slate: tracks with score, propensity, source, and why, as bars and words.

import { element, percent, signed } from "./dom.js";

const SHOWN = 3; // reasons at a glance; the others unfold
const SOURCES = {
  own_followers: "from own runs", covisits: "played around the last ones", followers: "goes with the last", repeats: "heard before", fresh: "new",
  popular: "popular", requested: "asked for",
};

export function bar(contribution, most) {
  const width = `${Math.min(50, (50 * Math.abs(contribution)) / most).toFixed(1)}%`;
  return element("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    element("rect", {
      class: contribution < 0 ? "less" : "more", y: 0, height: 8, width,
      x: contribution < 0 ? `${50 - parseFloat(width)}%` : "50%",
    }));
}

function reason(term, most) {
  return element("li", { title: `${term.term} = ${term.value.toPrecision(4)}, adds ${term.contribution.toPrecision(6)}` },
    bar(term.contribution, most), element("span", { class: "amount" }, signed(term.contribution)), element("span", {}, term.words));
}

/** What to name first: the largest terms, without the one that is the same for every track. */
export const named = (slot) => slot.reasons.filter((term) => term.contribution !== 0 && term.term !== "bias");

export function reasons(slot, shown = SHOWN) {
  const terms = slot.reasons.filter((term) => term.contribution !== 0);
  const first = shown < terms.length ? named(slot).slice(0, shown) : terms;
  const rest = terms.filter((term) => !first.includes(term));
  const most = Math.max(1e-9, ...slot.reasons.map((term) => Math.abs(term.contribution)));
  const parts = [element("ul", { class: "why" }, ...first.map((term) => reason(term, most)))];
  if (rest.length) {
    const sum = rest.reduce((total, term) => total + term.contribution, 0);
    parts.push(folded({}, `${signed(sum)} from ${rest.length} more, ${signed(slot.mean)} in all`,
      () => [element("ul", { class: "why" }, ...rest.map((term) => reason(term, most)))]));
  }
  return parts;
}

/** Details whose content is made when they are first unfolded: a slate stands sooner without it. */
function folded(attributes, summary, content) {
  const details = element("details", {}, element("summary", attributes, summary));
  details.addEventListener("toggle", () => details.open && details.append(...content()), { once: true });
  return details;
}

/** How a track came to its slot: a small propensity is the policy trying something out. */
const drawn = (slot) => (slot.propensity < 0.05 ? `tried out (${percent(slot.propensity, 2)})` : `drawn with ${percent(slot.propensity)}`);

/** Show slots in a list; with onPlay each gets a button that plays it. */
export function showSlate(list, slots, { onPlay = null, shown = 6, open = 3 } = {}) {
  const items = [...list.children];
  const before = new Set(items.map((item) => item.dataset.track));
  const unfolded = new Set(items.filter((item) => item.querySelector("details[open]")).map((item) => item.dataset.track));
  const focused = items.findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...slots.slice(0, shown).map((slot, place) => {
    const facts = `reward ${slot.score.toFixed(3)} · ${drawn(slot)} · ${SOURCES[slot.source] ?? slot.source}`;
    const title = onPlay
      ? element("button", { class: "track", type: "button", "aria-label": `Play ${slot.title} by ${slot.artist}`, onclick: () => onPlay(slot) },
          element("span", { class: "title" }, slot.title), element("span", { class: "artist" }, slot.artist))
      : element("p", { class: "track" }, element("span", { class: "title" }, slot.title), element("span", { class: "artist" }, slot.artist));
    return element("li", { "data-track": slot.track_id, class: before.size && !before.has(slot.track_id) ? "fresh" : null },
      title,
      ...(place < open
        ? [element("p", { class: "quiet facts" }, facts), ...reasons(slot)]
        : [folded({ class: "facts" }, facts, () => reasons(slot, slot.reasons.length))]));
  }));
  for (const item of list.children) {
    const details = item.querySelector("details");
    if (details && unfolded.has(item.dataset.track)) details.open = true;
  }
  if (focused >= 0) list.children[Math.min(focused, list.children.length - 1)]?.querySelector("button, summary")?.focus();
}
