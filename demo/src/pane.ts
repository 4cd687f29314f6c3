// One browser of the demo: a page of its own with a client of its own, subscribed to all 220
// channels. It shows what it holds, where it stands and how late rows are, and lets its network be
// cut.
import { createClient, type Channel, type Client } from 'tidegate';
import { Control } from './control.js';
import { FlapBoard } from './flap_board.js';
import { type Flight, FlightBook } from './flight_book.js';
import { LatencyPlot } from './latency_plot.js';
import { MapView } from './map_view.js';
import { chosenEvent, type PaneReport, type PaneWindow, resizedEvent } from './pane_face.js';
import { type Config, loadConfig, loadWorld, type World } from './world.js';

type Departures = { 'flight.departed': Flight };

const boardRows = 8;
const boardIntervalMs = 700; // flaps need time to turn, and eyes to read
const textIntervalMs = 200;
const mapIntervalMs = 90; // drawing is the dear part of this page, not receiving
const plotIntervalMs = 200;
const backoffCapMs = 2000; // somebody is watching

const number = new Intl.NumberFormat('en-US');
const part = <E extends Element = HTMLElement>(id: string) =>
  document.getElementById(id) as unknown as E;
const write = (id: string, text: string) => {
  const element = part(id);
  if (element.textContent !== text) element.textContent = text;
};
const wallMs = () => performance.timeOrigin + performance.now();
const say = (type: string, detail: unknown) =>
  window.parent.dispatchEvent(new CustomEvent(type, { detail }));

class Pane {
  private readonly book: FlightBook;
  private readonly client: Client;
  private readonly channels = new Map<string, Channel<Departures>>();
  private readonly board: FlapBoard;
  private readonly map: MapView;
  private readonly plot = new LatencyPlot(part<HTMLCanvasElement>('latency'));
  private readonly control: Control;
  /** What was published before there was a page to show it says nothing of latency. */
  private readonly openedAtMs = wallMs();
  private acknowledged = 0;
  private chosen = '';
  private offline = false;

  constructor(
    private readonly name: string,
    private readonly world: World,
    config: Config,
  ) {
    this.book = new FlightBook(world);
    this.control = new Control(config.control);
    this.board = new FlapBoard(part('board'), world.cities, boardRows);
    this.map = new MapView(part<HTMLCanvasElement>('map'), world, this.book, (code) =>
      this.tellChoice(code),
    );
    this.client = createClient({
      url: config.panes[this.name] as string,
      getToken: async () => {
        const response = await fetch('/v1/dev/token');
        if (!response.ok) throw new Error(`no token: ${response.status}`);
        return response.text();
      },
      backoffCapMs,
    });
    this.client.onStateChange((state) => this.showState(state));
    for (const { code } of world.stations) this.subscribe(code);
    this.fillChoice();
    this.wireButtons();
  }

  private subscribe(code: string): void {
    const channel = this.client.channel<Departures>(`airport:${code}:departures`, {
      history: 'all',
    });
    channel.on('flight.departed', (flight) => {
      const fresh = this.book.receive(code, flight, performance.now());
      if (fresh && flight.emittedAt >= this.openedAtMs)
        this.plot.add(performance.now(), wallMs() - flight.emittedAt);
    });
    channel.onReset(() => this.book.reset(code));
    this.channels.set(code, channel);
  }

  // ---- what the outer page asks

  report(): PaneReport {
    return { state: this.client.state, resets: this.book.resets, ...this.book.totals() };
  }

  publish(acknowledged: number, channels: Record<string, number>): void {
    this.acknowledged = acknowledged;
    this.map.published = channels;
  }

  forget(): void {
    this.book.forget();
  }

  choose(code: string): void {
    if (!this.channels.has(code) || code === this.chosen) return;
    this.chosen = code;
    this.map.chosen = code;
    part<HTMLSelectElement>('airport').value = code;
    this.board.show(this.book.page(code).latest);
    this.showTexts();
  }

  // ---- the person

  private tellChoice(code: string): void {
    this.choose(code);
    say(chosenEvent, code);
  }

  private fillChoice(): void {
    const select = part<HTMLSelectElement>('airport');
    const stations = [...this.world.stations].sort((a, b) => a.code.localeCompare(b.code));
    for (const { code, name, city, state } of stations) {
      const option = new Option(`${code}  ${city}${state ? `, ${state}` : ''}`, code);
      option.title = name;
      select.add(option);
    }
    select.addEventListener('change', () => this.tellChoice(select.value));
  }

  private wireButtons(): void {
    const offline = part<HTMLButtonElement>('offline');
    part('cut').addEventListener(
      'click',
      () => void this.control.command('cut', { pane: this.name }),
    );
    offline.addEventListener('click', async () => {
      this.offline = !this.offline;
      offline.setAttribute('aria-pressed', `${this.offline}`);
      offline.textContent = this.offline ? 'Go online' : 'Go offline';
      const query = { pane: this.name, offline: `${this.offline}` };
      await this.control.command('network', query);
      // What the browser itself says when the network goes or comes.
      window.dispatchEvent(new Event(this.offline ? 'offline' : 'online'));
    });
  }

  // ---- showing

  start(): void {
    this.client.connect();
    setInterval(() => this.showTexts(), textIntervalMs);
    setInterval(() => this.board.show(this.book.page(this.chosen).latest), boardIntervalMs);
    setInterval(() => requestAnimationFrame((now) => this.map.draw(now)), mapIntervalMs);
    setInterval(() => requestAnimationFrame((now) => this.plot.draw(now)), plotIntervalMs);
  }

  private showState(state: string): void {
    part('state').dataset.state = state;
    write('state', state);
  }

  private showTexts(): void {
    const { held, wrong } = this.book.totals();
    const missing = Math.max(0, this.acknowledged - held);
    const proof = wrong > 0 ? 'wrong' : missing > 0 ? 'behind' : held > 0 ? 'whole' : 'empty';
    part('proof').dataset.proof = proof;
    write('held', number.format(held));
    write('published', number.format(Math.max(this.acknowledged, held)));
    write('proof-text', proofText(proof, missing, wrong));
    this.showCounters();
    this.showPosition();
    const { median, p99 } = this.plot.figures(performance.now());
    write('latency-figures', Number.isNaN(median) ? '—' : `p50 ${ms(median)} · p99 ${ms(p99)}`);
  }

  private showCounters(): void {
    const stats = this.client.stats();
    write('delivered', number.format(stats.rowsDelivered));
    write('duplicates', number.format(stats.duplicatesDropped));
    write('gaps', number.format(stats.gapsRepaired));
    write('resets', number.format(this.book.resets));
    write('connections', number.format(stats.connectionsOpened));
  }

  private showPosition(): void {
    const channel = this.channels.get(this.chosen);
    const position = channel?.position;
    write('channel', channel?.name ?? '');
    write('epoch', position?.epoch || '—');
    write('offset', position ? number.format(position.offset) : '—');
  }
}

const ms = (value: number) =>
  value < 10 ? `${value.toFixed(1)} ms` : `${number.format(Math.round(value))} ms`;

function proofText(proof: string, missing: number, wrong: number): string {
  if (proof === 'wrong') return `${number.format(wrong)} rows differ from the file`;
  if (proof === 'behind') return `catching up, ${number.format(missing)} to go`;
  return proof === 'whole'
    ? 'in order, each once, equal to the file'
    : 'waiting for the first flight';
}

const name = new URLSearchParams(window.location.search).get('name') ?? 'a';
document.body.dataset.name = name;
write('name', `Browser ${name.toUpperCase()}`);
const [world, config] = await Promise.all([loadWorld(), loadConfig()]);
const pane = new Pane(name, world, config);
(window as PaneWindow).pane = pane;
pane.choose(world.stations[0]?.code ?? '');
pane.start();
new ResizeObserver(() => say(resizedEvent, name)).observe(document.body);
