// The step runner behind every npm verb: says what is being done, shows progress while it lasts,
// how long it took, and, when it failed, everything the command printed. Only Node built-ins,
// because it runs before `npm ci`.
import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const tty = process.stdout.isTTY && !process.env.CI;
const heartbeatMs = 20_000; // without a terminal: how often a long step says that it is alive
const paint = (code) => (text) => (tty ? `\x1b[${code}m${text}\x1b[0m` : text);
const green = paint('32');
const red = paint('31');
const dim = paint('2');
const started = performance.now();
const took = [];

export const seconds = (ms) => (ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : minutes(ms));
const minutes = (ms) => `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;

/** What a failed command leaves behind: all that it printed. */
export class CommandFailed extends Error {
  constructor(command, code, output) {
    super(`${command} ended with ${code}`);
    this.output = output;
  }
}

/**
 * The environment of every child: the Node that runs this script comes first, because emscripten
 * brings an older one; em++ finds acorn in Debian's folder; Playwright never downloads a browser.
 */
export function childEnv(extra = {}) {
  return {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    NODE_PATH: '/usr/share/nodejs',
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
    TIDEGATE_NODE_CHECKED: '1',
    ...extra,
  };
}

/** One line of live progress: redrawn on a terminal, a sign of life now and then elsewhere. */
class Progress {
  /** `shares`: the step's command uses the terminal itself, perhaps to ask for a password. */
  constructor(name, shares) {
    this.name = name;
    this.begun = performance.now();
    this.latest = '';
    if (!tty || shares) console.log(`▸ ${name}`);
    if (shares) return;
    this.timer = setInterval(() => this.show(), tty ? 120 : heartbeatMs);
    this.timer.unref();
  }
  update(line) {
    const text = line.replace(/\x1b\[[0-9;]*m/g, '').trim();
    if (text) this.latest = text;
  }
  show() {
    const age = seconds(performance.now() - this.begun);
    if (!tty) {
      console.log(`  … ${age}  ${this.latest.slice(0, 120)}`);
      return;
    }
    const width = Math.max(0, (process.stdout.columns || 80) - this.name.length - age.length - 6);
    process.stdout.write(
      `\r\x1b[K▸ ${this.name}  ${dim(`${age}  ${this.latest.slice(0, width)}`)}`,
    );
  }
  end(mark, note = '') {
    clearInterval(this.timer);
    const ms = performance.now() - this.begun;
    if (tty) process.stdout.write('\r\x1b[K');
    console.log(`${mark} ${this.name}  ${dim(seconds(ms))}${note ? `  ${note}` : ''}`);
    return ms;
  }
}

let current = null;

/** Adds a line to what the running step shows. */
export const progress = (line) => current?.update(line);

/**
 * Runs one step. `work` may return a short note for the closing line. A failure is reported in full
 * and thrown on: the caller decides whether others go on.
 */
export async function step(name, work, { sharesTerminal = false } = {}) {
  const outer = current;
  const shown = new Progress(name, sharesTerminal);
  current = shown;
  try {
    const note = await work();
    took.push({ name, ms: shown.end(green('✓'), typeof note === 'string' ? note : '') });
    return note;
  } catch (error) {
    took.push({ name, ms: shown.end(red('✗'), red(error.message)) });
    if (error.output) console.log(error.output.trimEnd());
    else if (!(error instanceof CommandFailed)) console.log(error.stack);
    throw error;
  } finally {
    current = outer;
  }
}

/**
 * Runs a command to its end; resolves to what it printed. Throws CommandFailed unless it ended with
 * 0.
 */
export function run(command, args = [], { cwd = root, env = {}, allowFailure = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: childEnv(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const shown = [command, ...args].join(' ');
    let output = '';
    const take = (chunk) => {
      output += chunk;
      progress(
        chunk
          .trimEnd()
          .split(/[\r\n]/)
          .at(-1),
      );
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => reject(new CommandFailed(shown, error.message, output)));
    child.on('close', (code, signal) => {
      if (code === 0 || allowFailure) resolve({ code: code ?? signal, output });
      else reject(new CommandFailed(shown, code ?? signal, output));
    });
  });
}

/**
 * Runs a command on this terminal, for those that ask or draw by themselves. Whoever ends us ends
 * it: a signal is handed on, and its end is waited for.
 */
export function runHere(command, args = [], { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: childEnv(env), stdio: 'inherit' });
    const handOn = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, handOn);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const each of signals) process.off(each, handOn);
      if (code === 0) resolve();
      else reject(new CommandFailed([command, ...args].join(' '), code ?? signal, ''));
    });
  });
}

export function totalTime() {
  return seconds(performance.now() - started);
}

/** The entry of a verb: runs `main`, prints how long it took, and sets the exit code. */
export async function verb(name, main, { closing = true } = {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    console.error(`Tidegate needs Node 20 or newer; ${process.execPath} is ${process.version}.`);
    process.exit(1);
  }
  try {
    await main();
    if (!process.exitCode && closing) console.log(dim(`${name}: ${totalTime()}`));
  } catch (error) {
    if (!(error instanceof CommandFailed) && !took.length) console.error(error.stack ?? error);
    console.error(red(`${name} failed after ${totalTime()}: ${error.message}`));
    process.exitCode = 1;
  }
}
