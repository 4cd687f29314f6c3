// The publisher as a process: `node demo/publisher.mjs --url U --key K [--rate N]`. Started by the
// supervisor it takes {rate}, {startOver} and says {status} over Node's message channel to its
// parent; asked for {positions} it says them.
import { parseArgs } from 'node:util';
import { FlightPublisher } from './lib/flight_publisher.mjs';
import { readFlights } from './lib/flights.mjs';

const statusIntervalMs = 200;

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8480' },
    key: { type: 'string' },
    rate: { type: 'string', default: '200' },
  },
});
const key = values.key ?? process.env.TIDEGATE_KEY;
if (!key) {
  console.error('publisher: an API key is needed: --key KEY, or TIDEGATE_KEY in the environment');
  process.exit(2);
}
const rate = values.rate === 'max' ? Infinity : Number(values.rate);
const publisher = new FlightPublisher({ url: values.url, key, flights: readFlights(), rate });

const tell = () => {
  if (process.send && process.connected) process.send({ status: publisher.status() });
};
const telling = setInterval(tell, statusIntervalMs);
process.on('message', (message) => {
  if (message.rate !== undefined) publisher.rate = message.rate === 'max' ? Infinity : message.rate;
  if (message.startOver) publisher.startOver();
  if (message.positions) process.send({ positions: publisher.positions() });
  tell();
});
process.on('disconnect', () => process.exit(0)); // the supervisor is gone
process.on('SIGINT', () => {}); // the terminal's ^C goes to the whole group; the supervisor decides

await publisher.run({ untilDone: !process.send });
clearInterval(telling);
console.log(`publisher: ${publisher.emitted} rows confirmed`);
