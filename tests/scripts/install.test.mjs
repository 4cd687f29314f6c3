// scripts/install.sh in worlds made of stubs: nothing missing, something missing with and without
// root, no apt, an old Node. The stubs write down how they were called; nothing is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../scripts/install.sh', import.meta.url));
let bin;

beforeEach(() => (bin = mkdtempSync(join(tmpdir(), 'tidegate-stubs-'))));
afterEach(() => rmSync(bin, { recursive: true, force: true }));

const stub = (name, body) =>
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
const calls = () =>
  existsSync(join(bin, 'calls')) ? readFileSync(join(bin, 'calls'), 'utf8') : '';
const log = (name) => `echo "${name} $*" >> ${bin}/calls`;

/** A machine on which every package is there but those in `missing`. */
function machine({ missing = [], user = 0, node = '20' } = {}) {
  stub('node', `case "$1" in -p) echo ${node};; *) echo v${node}.1.0;; esac`);
  stub('id', `echo ${user}`);
  // Asked a second time, after apt-get, everything is there.
  const gone = missing.map((name) => `${name}) [ -e ${bin}/installed ] || continue;;`).join(' ');
  stub(
    'dpkg-query',
    `shift 2; for p in "$@"; do case $p in ${gone} -) ;; esac; printf '%s=installed ' "$p"; done`,
  );
  stub('apt-get', `${log('apt-get')}; case "$*" in *install*) : > ${bin}/installed;; esac`);
  for (const name of ['env', 'tee', 'chmod', 'rm']) stub(name, passOn(name));
}

/** env runs the rest; the others only say that they were called: the real machine is left alone. */
function passOn(name) {
  if (name === 'env') return 'shift; exec "$@"';
  return name === 'tee' ? `${log('tee')}; while read -r _; do :; done` : log(name);
}

const policy = () => join(bin, 'policy-rc.d');
const install = (set, env = {}) =>
  spawnSync('/bin/sh', [script, set], {
    env: { PATH: bin, TIDEGATE_POLICY_FILE: policy(), ...env },
    encoding: 'utf8',
  });

test('nothing is missing: nothing is said and nothing is done', () => {
  machine();
  const { status, stdout, stderr } = install('test');
  assert.deepEqual(
    { status, stdout, stderr, calls: calls() },
    { status: 0, stdout: '', stderr: '', calls: '' },
  );
});

test('what is missing is installed, without recommended extras', () => {
  machine({ missing: ['emscripten', 'libuv1-dev'] });
  const { status, stdout } = install('build');
  assert.equal(status, 0, stdout);
  assert.match(stdout, /missing: emscripten libuv1-dev/);
  assert.match(calls(), /apt-get .*update/);
  assert.match(calls(), /apt-get .*install --no-install-recommends emscripten libuv1-dev$/m);
});

test('servers that packages bring are not started: forbidden before, allowed again after', () => {
  machine({ missing: ['redis-server', 'cmake'] });
  assert.equal(install('build').status, 0);
  const order = calls().match(/^(tee|apt-get .*install|rm) .*$/gm);
  assert.equal(order?.length, 3, calls());
  assert.equal(order[0], `tee ${policy()}`);
  assert.match(order[1], /^apt-get .*install/);
  assert.equal(order[2], `rm -f ${policy()}`);
});

test('only tests get what only tests need', () => {
  machine({ missing: ['chromium', 'libgtest-dev'] });
  assert.equal(install('build').stdout, '');
  assert.match(install('test').stdout, /missing: libgtest-dev chromium/);
});

test('not root and no sudo: says what root has to run', () => {
  machine({ missing: ['cmake'], user: 1000 });
  const { status, stderr } = install('build');
  assert.equal(status, 1);
  assert.match(stderr, /no sudo; as root, run: apt-get install --no-install-recommends cmake/);
});

test('not root, no terminal and a sudo that wants a password: fails at once', () => {
  machine({ missing: ['cmake'], user: 1000 });
  stub('sudo', `${log('sudo')}; exit 1`);
  const { status, stderr } = install('build');
  assert.equal(status, 1);
  assert.match(calls(), /^sudo -n true$/m);
  assert.match(stderr, /sudo was refused; as root, run: apt-get install/);
});

test('not root with sudo: installs through it', () => {
  machine({ missing: ['cmake'], user: 1000 });
  stub('sudo', `${log('sudo')}; shift; exec "$@"`);
  stub('true', 'exit 0');
  assert.equal(install('build').status, 0);
  assert.match(calls(), /^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get .*install/m);
});

test('no apt: says what to do instead', () => {
  machine();
  rmSync(join(bin, 'apt-get'));
  const { status, stderr } = install('build');
  assert.equal(status, 1);
  assert.match(stderr, /no apt.*TIDEGATE_NO_INSTALL=1.*libwebsockets-dev/);
});

test('an old Node is named, and so is none', () => {
  machine({ node: '18' });
  assert.match(install('build').stderr, /Node v18\.1\.0; Tidegate needs Node 20 or newer/);
  rmSync(join(bin, 'node'));
  assert.match(install('build').stderr, /Node\.js is missing/);
});

test('a package that stays missing is an error', () => {
  machine({ missing: ['cmake'] });
  stub('apt-get', log('apt-get'));
  const { status, stderr } = install('build');
  assert.equal(status, 1);
  assert.match(stderr, /still missing after apt-get install: cmake/);
});

test('TIDEGATE_NO_INSTALL leaves the machine to others', () => {
  machine({ missing: ['cmake'] });
  assert.equal(install('build', { TIDEGATE_NO_INSTALL: '1' }).status, 0);
  assert.equal(calls(), '');
});

test('an unknown set is refused', () => {
  machine();
  assert.match(install('everything').stderr, /usage: scripts\/install\.sh build\|test/);
});
