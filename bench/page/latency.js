// The page of the latency benchmark: how long from the script's start to the first event, and from a
// publisher's emit to the callback, on a relay that is running.
const scriptStart = performance.now();
const { createClient } = await import('tidegate');

const latencies = [];
globalThis.result = { firstEventMs: null, latencies };
const settings = new URLSearchParams(location.search);
const client = createClient({ url: settings.get('relay'), token: settings.get('token') });
client.channel('bench:latency', { history: 1 }).on('tick', (data) => {
  const now = performance.timeOrigin + performance.now();
  if (globalThis.result.firstEventMs === null) {
    globalThis.result.firstEventMs = performance.now() - scriptStart; // from history, or the next event
  } else {
    latencies.push(now - data.due);
  }
});
