// Paints the figures of a flow over its picture: counts on nodes and lines; what nobody takes is grey.
import { fill, toast } from "/static/app/page.js";
import { FlowPicture } from "./flow_picture.js";

const LONGEST_MS = 20000;
const texts = JSON.parse(document.getElementById("picture-texts").textContent);
const place = document.getElementById("picture");

async function ask(address) {
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(LONGEST_MS) });
    if (response.ok) return await response.json();
    toast(fill(texts.failed, { status: response.status }), "danger");
  } catch {
    toast(texts.offline, "danger");
  }
  return null;
}

// What the picture paints of a node.
function painted(node) {
  const text = node.hung_up ? fill(texts.with_hung_up, { calls: node.entered, hung_up: node.hung_up }) : String(node.entered);
  return { entered: node.entered, text, exits: node.exits };
}

if (place) {
  const { flow } = place.dataset;
  const found = await ask(`/flows/${flow}/figures.json${window.location.search}`);
  if (found?.picture) {
    const chart = new FlowPicture(place, {
      kinds: found.kinds, texts, label: place.dataset.label,
      on: { chosen: (node) => document.querySelector(`[data-node="${CSS.escape(node.id)}"]`)?.scrollIntoView({ block: "center" }) },
    });
    chart.draw(found.picture);
    chart.paint(Object.fromEntries(Object.entries(found.nodes).map(([name, node]) => [name, painted(node)])));
  } else {
    place.closest("section").hidden = true;
  }
}
