// The outer page: the clock of the replay, the switches that do damage, and the verdict over both
// browsers.
import { Control, type DemoStatus, type PublishedStatus } from './control.js';
import { FlapLine } from './flap_board.js';
import {
  chosenEvent,
  type PaneFace,
  type PaneReport,
  type PaneWindow,
  resizedEvent,
} from './pane_face.js';
import { loadConfig, loadWorld } from './world.js';

const statusIntervalMs = 400;
const clockLength = 12; // 14 FEB 13:42
const total = (await loadWorld()).total;
const control = new Control((await loadConfig()).control);
const number = new Intl.NumberFormat('en-US');
const part = <E extends Element = HTMLElement>(id: string) =>
  document.getElementById(id) as unknown as E;
const write = (id: string, text: string) => {
  const element = part(id);
  if (element.textContent !== text) element.textContent = text;
};
const frames = [...document.querySelectorAll('iframe')];
const panes = () =>
  frames.flatMap((frame): PaneFace[] => {
    const face = (frame.contentWindow as PaneWindow | null)?.pane;
    return face ? [face] : [];
  });

const clock = new FlapLine(part('clock'), clockLength);
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** "2001/02/14 13:42" as the clock shows it. */
function clockText(date: string): string {
  return `${date.slice(8, 10)} ${months[Number(date.slice(5, 7)) - 1] ?? ''} ${date.slice(11, 16)}`;
}

type Verdict = 'whole' | 'behind' | 'wrong' | 'waiting' | 'down';

function judge(reports: PaneReport[], acknowledged: number, restarting: boolean): Verdict {
  if (reports.some(({ wrong }) => wrong > 0)) return 'wrong';
  if (restarting) return 'down';
  if (reports.length < frames.length || acknowledged === 0) return 'waiting';
  return reports.every(({ held }) => held >= acknowledged) ? 'whole' : 'behind';
}

const texts: Record<Verdict, [string, string]> = {
  whole: [
    'Nothing lost',
    'Both browsers hold every published row: each once, in order, equal to the file.',
  ],
  behind: ['Catching up', 'Rows are on their way. What was missed comes first, in order.'],
  wrong: ['Rows are wrong', 'A browser was given a row that the file does not have at that place.'],
  waiting: ['Waiting', 'The first flights are about to leave.'],
  down: [
    'The relay is down',
    'Killed without warning. The publisher keeps its log; the browsers reconnect.',
  ],
};

function showVerdict(verdict: Verdict, reports: PaneReport[]): void {
  part('verdict').dataset.verdict = verdict;
  write('verdict-title', texts[verdict][0]);
  write('verdict-text', texts[verdict][1]);
  const [a, b] = reports;
  if (!a || !b) return;
  const same = a.held === b.held && a.sum === b.sum;
  if (same || verdict !== 'whole') {
    write('sum-a', a.sum.toString(16).padStart(8, '0'));
    write('sum-b', b.sum.toString(16).padStart(8, '0'));
    write('sum-sign', same ? '=' : '≠');
  } else if (part('sum-sign').textContent === '≠') {
    write('sum-sign', '…'); // both are whole, a few rows apart: nothing differs that matters
  }
}

function showPublished(published: PublishedStatus): void {
  const { acknowledged, confirmed, date, trouble } = published;
  clock.show(clockText(date));
  part('progress').style.setProperty('--part', `${acknowledged / total}`);
  part('progress').setAttribute('aria-valuenow', `${acknowledged}`);
  write('acknowledged', number.format(acknowledged));
  const note = trouble
    ? 'publisher: relay unreachable, waiting'
    : confirmed < acknowledged
      ? `publisher: replaying, ${number.format(confirmed)} of ${number.format(acknowledged)}`
      : published.done
        ? 'publisher: every flight has left'
        : 'publisher: live';
  write('publisher', note);
  const rate = published.rate === null ? 'max' : `${published.rate}`;
  for (const input of document.querySelectorAll<HTMLInputElement>('input[name=speed]')) {
    if (document.activeElement !== input) input.checked = input.value === rate;
  }
}

function show({ published, relay }: DemoStatus): void {
  const reports = panes().map((pane) => pane.report());
  if (published) {
    for (const pane of panes()) pane.publish(published.acknowledged, published.channels);
    showPublished(published);
  }
  showVerdict(judge(reports, published?.acknowledged ?? 0, relay.restarting), reports);
  const restarts = relay.restarts === 1 ? 'killed once' : `killed ${relay.restarts} times`;
  write(
    'relay',
    relay.restarting ? 'relay: restarting' : `relay: pid ${relay.pid ?? '—'}, ${restarts}`,
  );
}

async function look(): Promise<void> {
  try {
    show(await control.status());
  } catch {
    write('publisher', 'the demo was stopped: run npm start again');
  }
  setTimeout(() => void look(), statusIntervalMs);
}

function wire(id: string, command: string, after = () => {}): void {
  const button = part<HTMLButtonElement>(id);
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await control.command(command);
      after();
    } finally {
      button.disabled = false;
    }
  });
}

wire('restart', 'restart-relay');
wire('start-over', 'start-over', () => panes().forEach((pane) => pane.forget()));
for (const input of document.querySelectorAll<HTMLInputElement>('input[name=speed]')) {
  input.addEventListener('change', () => void control.command('speed', { rate: input.value }));
}
window.addEventListener(chosenEvent, (event) => {
  for (const pane of panes()) pane.choose((event as CustomEvent<string>).detail);
});
window.addEventListener(resizedEvent, () => {
  for (const frame of frames) {
    const height = frame.contentDocument?.body.scrollHeight;
    if (height) frame.style.height = `${height}px`;
  }
});
void look();
