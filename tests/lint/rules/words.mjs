// One concept, one word: names that say nothing are banned from identifiers, and nothing committed
// speaks of places outside the project.
import { code, lineOf, violation } from '../lib/text.mjs';

const banned = new Map([
  ['manager', 'say what it owns'],
  ['helper', 'say what it does'],
  ['helpers', 'say what it does'],
  ['util', 'say what it does'],
  ['utils', 'say what it does'],
  ['data2', 'give it a name of its own'],
  ['misc', 'say what it holds'],
  ['handler', 'a listener, a route or a state machine; handle_* as a verb is fine'],
  ['handlers', 'listeners, routes or state machines; handle_* as a verb is fine'],
  ['info', 'say what it tells'],
  ['flag', 'a state is a variant or a named bool'],
]);

// Names that others gave: log levels, types of libraries, fields of foreign formats.
const foreign =
  /^(Info|info|lws_\w*|uv_\w*|LWS_\w*|SA_\w*|console|error_handler_t|add_flag|k(Row|Frame|Block)?Flag\w*|[A-Z_]*FLAG_[A-Z_]+)$/;

const wordsOf = (identifier) =>
  identifier
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
    .filter(Boolean);

function verdict(identifier, cpp, before = '') {
  if (foreign.test(identifier)) return null;
  // The web's word for a function that an application hands in; no name for a class all the same.
  if (!cpp && /handler/i.test(identifier) && !/\bclass\s+$/.test(before)) return null;
  const words = wordsOf(identifier);
  const bad = words.find((word) => banned.has(word));
  if (bad) return `${identifier}: "${bad}" is banned: ${banned.get(bad)}`;
  if (words[0] === 'do' && words.length > 1) return `${identifier}: "do_" says nothing`;
  if (cpp && words[0] === 'process' && words.length > 1)
    return `${identifier}: "process" says nothing`;
  return null;
}

export function bannedWords(files) {
  const found = [];
  for (const file of files) {
    const text = code(file).replace(/^\s*#\s*include.*$/gm, '');
    const cpp = /\.(cc|h)$/.test(file.path);
    for (const match of text.matchAll(/[A-Za-z_]\w*/g)) {
      const before = text.slice(Math.max(0, match.index - 20), match.index);
      const message = verdict(match[0], cpp, before);
      if (message) found.push(violation(file.path, lineOf(text, match.index), message));
    }
    const name = file.path.split('/').at(-1).replace(/\..*$/, '');
    const message = verdict(name, true);
    if (message) found.push(violation(file.path, 1, `file name ${message}`));
  }
  return found;
}

const outside = new RegExp(
  ['/work', '/shared'].join('') + '|\\.\\./' + 'shared/|/tmp' + '/w/',
  'g',
);

/** Nothing in the tree may point at files that a clone does not have. */
export function outsideReferences(files) {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(outside)].map((match) =>
      violation(path, lineOf(text, match.index), `${match[0]} is not part of the project`),
    ),
  );
}
