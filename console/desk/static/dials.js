// Customers whom the agent is to call: the preview, and calls by hand. The server sends the part of
// the page whenever it changes; as long as this connection is open, the desk is.
import { post, toast } from "../app/page.js";
import { duration } from "../app/live.js";
import { desk, live, texts } from "./at_desk.js";

const SIGNED_OUT = 4401;
const CHANGED = 4403;
const place = document.getElementById("dials");
const byHand = document.getElementById("dial-by-hand");
let tries = 0;

function connect() {
  const url = new URL("/desk/dials", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.onmessage = (event) => {
    tries = 0;
    draw(event.data);
  };
  socket.onclose = (event) => {
    if (event.code === SIGNED_OUT || event.code === CHANGED) return location.reload();
    const pause = Math.min(15, 2 ** tries) * (0.7 + 0.6 * Math.random());
    tries += 1;
    setTimeout(again, pause * 1000);
  };
}

// Once the desk itself is connected: it is the one to find out why there is no answer.
function again() {
  if (live.fresh) connect();
  else setTimeout(again, 1000);
}

function draw(html) {
  const before = place.querySelector("#dial-card")?.dataset.lead;
  const typed = [...place.querySelectorAll("#skip [name]")].map((one) => [one.name, one.value]);
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.innerHTML = html;
  const now = place.querySelector("#dial-card")?.dataset.lead;
  if (now && now === before)
    for (const [name, value] of typed) {
      const field = place.querySelector(`#skip [name="${name}"]`);
      if (field) field.value = value;
    }
  if (focused) document.getElementById(focused)?.focus();
  if (byHand) {
    const part = place.firstElementChild;
    byHand.hidden = part.dataset.ways === "0";
    byHand.querySelector("button").disabled = "busy" in part.dataset;
    const ways = byHand.querySelector("select");
    const chosen = ways.value;
    ways.replaceChildren(...place.querySelector("#dial-ways").content.cloneNode(true).children);
    if ([...ways.options].some((option) => option.value === chosen)) ways.value = chosen;
  }
  tick();
}

function tick() {
  const end = place.querySelector("[data-ends]");
  if (end) end.textContent = duration(Math.max(0, Number(end.dataset.ends) - live.now()));
}

async function send(what, fields, button) {
  if (button) button.disabled = true;
  const answer = await post(`/desk/${what}`, fields);
  if (button) button.disabled = false;
  if (!answer.ok) toast(answer.message || texts.failed, "danger");
  return answer.ok;
}

const lead = () => place.querySelector("#dial-card")?.dataset.lead ?? "";

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dial]");
  if (button && !button.disabled) send(button.dataset.dial, { lead: lead() }, button);
});

place.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  send("skip-lead", { ...fields, lead: lead() }, event.submitter);
});

byHand?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(byHand));
  if (await send("dial-number", fields, event.submitter)) byHand.querySelector("input").value = "";
});

connect();
setInterval(tick, 1000);
