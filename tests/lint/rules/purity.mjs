// Purity of core/ and edge/relay, proved twice: no source line names a clock, thread, socket,
// source of entropy, console or anything whose result differs between platforms; and the built
// archives reference no such symbol, whatever a header may have pulled in.
import { execFileSync } from 'node:child_process';
import { code, lineOf, violation } from '../lib/text.mjs';

export const isPure = (path) => /^(core|edge\/relay)\//.test(path);

const headers = [
  'thread',
  'mutex',
  'shared_mutex',
  'condition_variable',
  'future',
  'stop_token',
  'semaphore',
  'latch',
  'barrier',
  'random',
  'iostream',
  'ostream',
  'istream',
  'fstream',
  'sstream',
  'cstdio',
  'stdio.h',
  'print',
  'cmath',
  'math.h',
  'ctime',
  'time.h',
  'unistd.h',
  'filesystem',
  'locale',
  'clocale',
  'syncstream',
];
const bannedHeader = new RegExp(
  `^[ \\t]*#[ \\t]*include\\s*<(${headers.map((name) => name.replace('.', '\\.')).join('|')}|sys/[^>]+|arpa/[^>]+|netinet/[^>]+|emscripten[^>]*)>`,
  'gm',
);

const banned = [
  { pattern: /\b(system|steady|high_resolution|utc|file)_clock\b/g, why: 'time is an argument' },
  {
    pattern: /\bstd::(thread|jthread|mutex|async|atomic_ref|this_thread)\b/g,
    why: 'no threads here',
  },
  { pattern: /\bthread_local\b/g, why: 'no ambient state' },
  {
    pattern: /\b(random_device|mt19937(_64)?|uniform_(int|real)_distribution)\b/g,
    why: 'use base/prng.h',
  },
  {
    pattern: /(?<![\w.>:])(rand|srand|random|getrandom|arc4random)\s*\(/g,
    why: 'entropy is handed in',
  },
  {
    pattern: /(?<![\w.>:])(time|clock|gettimeofday|clock_gettime|localtime|gmtime)\s*\(/g,
    why: 'time is an argument',
  },
  { pattern: /\b(getenv|setenv)\s*\(/g, why: 'no environment here' },
  {
    pattern: /\b(printf|fprintf|puts|putchar|perror)\s*\(|\bstd::(cout|cerr|clog)\b/g,
    why: 'no console here',
  },
  {
    pattern: /(?<![\w.>:])(socket|connect|send|recv|read|write|open|close)\s*\([^)]*\bfd\b/g,
    why: 'no sockets here',
  },
  { pattern: /\bstd::hash\b/g, why: 'differs between platforms: use base/hash.h' },
  {
    pattern: /\bstd::(sin|cos|tan|exp|log|log2|log10|pow|sqrt|cbrt|hypot|lround|round)\s*\(/g,
    why: 'libm differs between platforms',
  },
  {
    pattern: /#\s*if(n?def)?\b[^\n]*__EMSCRIPTEN__/g,
    why: 'the difference is which folder is linked',
  },
  { pattern: /(?<![\w])(throw|try|catch)\b(?=\s*[({\w:;])/g, why: 'errors are values' },
  {
    pattern: /\bstatic\s+(?!constexpr|const\b|assert|_assert|inline constexpr)[\w:<>,\s]+\s+g_\w+/g,
    why: 'no globals',
  },
];

/** Names that `text` declares as unordered containers. */
function unorderedNames(text) {
  return [...text.matchAll(/\bunordered_(?:map|set|multimap|multiset)\s*</g)].flatMap(
    ({ index }) => {
      let depth = 0;
      for (let at = text.indexOf('<', index); at < text.length; ++at) {
        if (text[at] === '<') ++depth;
        if (text[at] === '>' && --depth === 0)
          return /^>\s*&?\s*(\w+)/.exec(text.slice(at))?.[1] ?? [];
      }
      return [];
    },
  );
}

const stem = (path) => path.replace(/\.(cc|h)$/, '');
/** channel_owner.h declares what channel_owner.cc and channel_owner_readers.cc go through. */
const declaresFor = (header, path) =>
  header === path ||
  (header.endsWith('.h') &&
    (stem(path) === stem(header) || stem(path).startsWith(`${stem(header)}_`)));

/** `for (… : hashed)`: iteration order of an unordered container must not reach an output. */
function unorderedIteration(path, text, declared) {
  const names = [...declared]
    .filter(([header]) => declaresFor(header, path))
    .flatMap(([, found]) => found);
  const found = [];
  for (const name of new Set(names)) {
    const loop = new RegExp(
      `for\\s*\\([^;)]*:\\s*(?:\\w+(?:\\.|->))*${name}\\s*\\)|\\b${name}\\.c?begin\\s*\\(` +
        `|\\bc?begin\\s*\\(\\s*(?:\\w+(?:\\.|->))*${name}\\s*\\)`,
      'g',
    );
    for (const match of text.matchAll(loop)) {
      found.push(violation(path, lineOf(text, match.index), `iterates over the unordered ${name}`));
    }
  }
  return found;
}

export function sourcePurity(files) {
  const found = [];
  const pure = files.filter(({ path }) => isPure(path)).map((file) => ({ file, text: code(file) }));
  const declared = new Map(pure.map(({ file, text }) => [file.path, unorderedNames(text)]));
  for (const { file, text } of pure) {
    for (const match of text.matchAll(bannedHeader)) {
      found.push(violation(file.path, lineOf(text, match.index), `includes <${match[1]}>`));
    }
    for (const { pattern, why } of banned) {
      for (const match of text.matchAll(pattern)) {
        found.push(violation(file.path, lineOf(text, match.index), `${match[0].trim()}: ${why}`));
      }
    }
    found.push(...unorderedIteration(file.path, text, declared));
  }
  return found;
}

const bannedSymbols = [
  /\b(clock_gettime|gettimeofday|time|clock|nanosleep|usleep)(@|$)/,
  /std::(chrono::.*_clock|__1::chrono::.*_clock)::now/,
  /\b(pthread_(create|mutex|cond|once)\w*|sem_\w+)(@|$)/,
  /\b(socket|connect|accept|bind|listen|send|sendto|recv|recvfrom|poll|epoll_\w+|select)(@|$)/,
  /\b(open|openat|read|write|pread|pwrite|close|fopen|fwrite|fread|ioctl)(@|$)/,
  /\b(getrandom|getentropy|rand|srand|random|arc4random)(@|$)|std::random_device/,
  /\b(printf|fprintf|vfprintf|puts|putchar|fputs|__printf_chk|__fprintf_chk)(@|$)/,
  /std::(cout|cerr|clog|cin|ostream|ios_base)/,
  /\b(getenv|secure_getenv|setlocale|localtime\w*|gmtime\w*)(@|$)/,
  /\b(sin|cos|tan|exp|log|log2|pow|sqrt|fmod|lround|round)f?(@|$)/,
];

/** Violations in the output of `nm -uC`: undefined symbols that a pure archive must not have. */
export function bannedReferences(archive, listing) {
  const found = [];
  let member = '';
  for (const line of listing.split('\n')) {
    if (line.endsWith(':')) member = line.slice(0, -1);
    const symbol = /^\s*[Uw]\s+(.*)$/.exec(line)?.[1];
    if (symbol && bannedSymbols.some((pattern) => pattern.test(symbol))) {
      found.push(`${archive}(${member}): references ${symbol}`);
    }
  }
  return found;
}

export function archivePurity(archive) {
  return bannedReferences(
    archive,
    execFileSync('nm', ['-uC', archive], { encoding: 'utf8', maxBuffer: 1 << 26 }),
  );
}
