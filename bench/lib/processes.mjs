// Starts the processes a benchmark needs and reads what the kernel says of them. Everything listens
// on loopback, on free ports, and is stopped by process id.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const release = (name) => `${root}build/release/${name}`;

/** A child process that answers line by line. */
class LineProcess {
  constructor(command, args) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.exited = once(this.child, 'exit');
    this.lines = [];
    this.waiting = [];
    this.ended = undefined;
    this.child.stdin.on('error', () => {}); // it ended; line() says so
    createInterface({ input: this.child.stdout })
      .on('line', (line) =>
        (this.waiting.shift()?.resolve ?? this.lines.push.bind(this.lines))(line),
      )
      .on('close', () => {
        this.ended = new Error(`${command} ended before it answered`);
        for (const { reject } of this.waiting) reject(this.ended);
      });
  }
  get pid() {
    return this.child.pid;
  }
  line() {
    if (this.lines.length > 0) return Promise.resolve(this.lines.shift());
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }
  ask(text) {
    this.child.stdin.write(`${text}\n`);
    return this.line();
  }
  async stop() {
    this.child.kill('SIGTERM');
    await this.exited;
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A relay in development mode with one secret, one key and a token for everything. */
export async function startRelay({ workers = 1, args = [] } = {}) {
  const port = await freePort();
  const key = randomBytes(24).toString('base64url');
  const secret = randomBytes(32).toString('base64url');
  const child = spawn(
    release('tidegate'),
    ['serve', '--dev', '--port', `${port}`, '--workers', `${workers}`, '--dev-key', key].concat([
      '--dev-secret',
      secret,
      ...args,
    ]),
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  const url = `http://127.0.0.1:${port}`;
  const healthy = async () => {
    try {
      return (await fetch(`${url}/healthz`)).ok;
    } catch {
      return false;
    }
  };
  while (!(await healthy())) {
    if (child.exitCode !== null) throw new Error(`the relay ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const token = (await (await fetch(`${url}/v1/dev/token`)).text()).trim();
  const publish = async (messages) => {
    const response = await fetch(`${url}/v1/publish`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages }),
    });
    if (!response.ok) throw new Error(`publish: ${response.status} ${await response.text()}`);
    return (await response.json()).results;
  };
  const stop = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid, port, url, token: tokenOf(token), key, publish, stop };
}

const tokenOf = (text) => (text.startsWith('{') ? JSON.parse(text).token : text);

export async function startLoad(args) {
  const load = new LineProcess(release('bench_load'), args.map(String));
  const first = await load.line();
  if (first !== 'ready') throw new Error(`bench_load said ${first}`);
  const rows = async () => Number(await load.ask(''));
  return { pid: load.pid, rows, stop: () => load.stop() };
}

export async function startRawSend(payloadBytes) {
  const raw = new LineProcess(release('bench_raw_send'), ['--payload', `${payloadBytes}`]);
  const port = Number((await raw.line()).split(' ')[1]);
  return {
    pid: raw.pid,
    port,
    sendToAll: async () => {
      const answer = await raw.ask('send');
      if (answer !== 'done') throw new Error(`bench_raw_send said ${answer}`);
    },
    stop: () => raw.stop(),
  };
}

/**
 * Keeps a process, with its threads, on one core. Who serves and who receives stay apart: otherwise
 * a wakeup costs the server more or less by where the kernel happened to put the receiver.
 */
export function pin(pid, core) {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${pid}`], {
    stdio: 'ignore',
  });
}

/** Processor time of a process's threads so far, in seconds. */
export function cpuSeconds(pid) {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9)
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid) {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line[1]) * 1024;
}

/** Waits until `condition` holds, checking every few milliseconds; throws after `seconds`. */
export async function until(condition, seconds, what) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
