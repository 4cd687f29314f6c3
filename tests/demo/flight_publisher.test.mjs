// The publisher keeps its promise to the relay whatever the relay does: every row is there in the
// end, each channel in the file's order, under the same event ids and with the same payloads.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { FlightPublisher } from '../../demo/lib/flight_publisher.mjs';
import {
  byOrigin,
  channelOf,
  eventIdOf,
  readAirports,
  readFlights,
} from '../../demo/lib/flights.mjs';
import { FakeRelay } from './fake_relay.mjs';

const all = readFlights();
const flights = all.slice(0, 600);
let relay;
let url;

beforeEach(async () => {
  await relay?.close();
  relay = new FakeRelay();
  url = await relay.listen();
});
after(() => relay.close());
before(() => assert.equal(flights.length, 600));

const publisherOf = (options = {}) =>
  new FlightPublisher({ url, key: 'k', flights, rate: Infinity, ...options });

async function until(condition) {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const holdsEverything = () =>
  [...byOrigin(flights)].every(
    ([code, rows]) => relay.channels.get(channelOf(code))?.length === rows.length,
  );

function expectTheFile(own = flights) {
  const expected = byOrigin(own);
  relay.channels.delete('demo:publisher:heartbeat');
  assert.equal(relay.channels.size, expected.size);
  for (const [code, rows] of expected) {
    const log = relay.channels.get(channelOf(code));
    assert.deepEqual(
      log.map(({ eventId }) => eventId),
      rows.map(({ index }) => eventIdOf(index)),
    );
    log.forEach(({ data }, i) => {
      const { emittedAt, ...row } = data;
      assert.deepEqual(row, rows[i]);
      assert.ok(emittedAt > 0);
    });
  }
}

test('the input is what the demo says: 20,000 rows of 220 airports, all of them on the map', () => {
  assert.equal(all.length, 20_000);
  assert.equal(byOrigin(all).size, 220);
  const airports = readAirports();
  for (const { origin } of all) assert.ok(airports.has(origin), origin);
});

test('every row is published once, in order within its channel', async () => {
  const publisher = publisherOf();
  await publisher.run({ untilDone: true });
  expectTheFile();
  assert.equal(publisher.isDone, true);
  assert.equal(publisher.replays, 0);
  const positions = publisher.positions();
  for (const [code, { length }] of byOrigin(flights)) {
    assert.deepEqual(positions[code], { epoch: relay.epoch, offset: `${length}` });
  }
});

test('no request carries two messages of one channel', async () => {
  await publisherOf().run({ untilDone: true });
  for (const messages of relay.requests) {
    assert.equal(new Set(messages.map(({ channel }) => channel)).size, messages.length);
  }
});

test('a relay with a new epoch is given each channel again, from its first row', async () => {
  const restarts = [8, 15, 23];
  relay.fault = (request) => {
    if (restarts.includes(request)) relay.restart();
    return null;
  };
  const publisher = publisherOf();
  const running = publisher.run();
  await until(() => publisher.replays >= restarts.length && publisher.isDone);
  await until(holdsEverything);
  publisher.stop();
  await running;
  expectTheFile();
});

test('a relay that is lost after the last row is given everything again', async () => {
  const publisher = publisherOf();
  const running = publisher.run();
  await until(() => publisher.isDone);
  relay.restart();
  await until(holdsEverything);
  publisher.stop();
  await running;
  expectTheFile();
});

test('an answer that was lost is asked for again and nothing is doubled', async () => {
  relay.fault = (request) => (request % 5 === 2 ? 'lose' : null);
  await publisherOf().run({ untilDone: true });
  expectTheFile();
});

test('a relay that dies with the first answer under way is begun with the first row', async () => {
  relay.fault = (request) => {
    if (request === 1) return 'lose';
    if (request === 2) relay.restart();
    return null;
  };
  await publisherOf().run({ untilDone: true });
  expectTheFile();
});

test('refused connections and busy answers are tried again', async () => {
  relay.fault = (request) => (request % 4 === 1 ? 'reset' : request % 4 === 2 ? 'busy' : null);
  await publisherOf({ flights: flights.slice(0, 60) }).run({ untilDone: true });
  expectTheFile(flights.slice(0, 60));
});

test('a row that is replayed has the payload that it had at first', async () => {
  const seen = new Map();
  let clock = 1000;
  relay.fault = (request) => {
    if (request === 6) relay.restart();
    return null;
  };
  await publisherOf({ clock: () => ++clock }).run({ untilDone: true });
  const flown = relay.requests.flat().filter(({ event }) => event !== 'beat');
  for (const { eventId, data } of flown) {
    if (seen.has(eventId)) assert.deepEqual(data, seen.get(eventId));
    seen.set(eventId, data);
  }
  assert.equal(seen.size, flights.length);
});

test('what a reader may expect never shrinks when the relay is lost', async () => {
  const publisher = publisherOf();
  await publisher.run({ untilDone: true });
  relay.restart();
  publisher.logs.get(flights[0].origin).restart();
  assert.equal(publisher.status().acknowledged, flights.length);
  assert.ok(publisher.status().confirmed < flights.length);
});

test('starting over forgets what was emitted', async () => {
  const publisher = publisherOf();
  await publisher.run({ untilDone: true });
  publisher.startOver();
  assert.equal(publisher.status().acknowledged, 0);
  relay.restart();
  await publisher.run({ untilDone: true });
  expectTheFile();
});

test('the speed is kept', () => {
  const publisher = publisherOf({ rate: 100 });
  publisher.emit(0.25);
  assert.equal(publisher.emitted, 25);
  publisher.rate = 0;
  publisher.emit(0.5);
  assert.equal(publisher.emitted, 25);
});
