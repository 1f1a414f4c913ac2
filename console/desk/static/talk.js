// The buttons of the current call.
import { desk, sensible, whenDrawn } from "./at_desk.js";

for (const verb of ["hold", "resume", "end_talk"]) sensible[verb] = (agent) => agent.state === "talking";

whenDrawn((agent, call) => {
  if (!agent) return;
  const held = call?.stage === "held";
  desk.querySelector('[data-verb="hold"]').hidden = held;
  desk.querySelector('[data-verb="resume"]').hidden = !held;
  document.getElementById("of-call").hidden = agent.leg !== "up" || agent.state !== "talking";
});
