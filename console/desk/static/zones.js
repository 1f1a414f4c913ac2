// Times by another zone's clock, as <input type="datetime-local"> has them: 2026-03-02T09:30.

export function localTime(instant, zone) {
  const shown = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).format(instant);
  return shown.replace(" ", "T");
}

// The date of the day after, as 2026-03-02. A day may have 23 or 25 hours.
export function nextDay(instant, zone) {
  const noon = Date.parse(`${localTime(instant, zone).slice(0, 10)}T12:00Z`);
  return new Date(noon + 86400000).toISOString().slice(0, 10);
}

// Milliseconds since 1970; of a time that the clocks skip, the one after the gap or before it.
export function instantOf(local, zone) {
  const wanted = Date.parse(`${local}Z`);
  let instant = wanted;
  for (let round = 0; round < 2; round += 1)
    instant += wanted - Date.parse(`${localTime(instant, zone)}Z`);
  return instant;
}
