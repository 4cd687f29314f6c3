// The one direction: which folder may include which, and who alone may touch a third-party library.
// The core and the relay's logic never meet except through frames.
import { code, lineOf, ruleFor, violation } from '../lib/text.mjs';

const core = ['core/base', 'core/stream', 'core/merge', 'core/protocol'];

/** A folder may include itself and what stands here. */
export const mayInclude = {
  'core/base': [],
  'core/access': ['core/base'],
  'core/filter': ['core/base'],
  'core/stream': ['core/base'],
  'core/merge': ['core/stream', 'core/base'],
  'core/protocol': ['core/stream', 'core/base'],
  'core/protocol_json': ['core/protocol', 'core/stream', 'core/base'],
  'core/client': core,
  wasm: ['core/client', ...core],
  'edge/relay': [...core, 'core/protocol_json', 'core/access', 'core/filter'],
  'edge/store': ['edge/relay', ...core, 'core/access', 'core/filter'],
  'edge/store/sqlite': ['edge/store', 'edge/relay', ...core, 'core/access', 'core/filter'],
  'edge/auth': ['edge/relay', ...core, 'core/access', 'core/filter'],
  'edge/net': [
    'edge/relay',
    'edge/store',
    'core/client',
    ...core,
    'core/protocol_json',
    'core/access',
    'core/filter',
  ],
  'edge/app': [
    'edge/net',
    'edge/auth',
    'edge/relay',
    'edge/store',
    'edge/store/sqlite',
    'core/client',
    ...core,
    'core/access',
    'core/filter',
  ],
};

/** Third-party headers and the only folders that may name them; elsewhere they are a leak. */
const libraries = [
  { pattern: /^(libwebsockets\.h|lws_|uv\.h)/, folders: ['edge/net'] },
  { pattern: /^sqlite3/, folders: ['edge/store/sqlite'] },
  { pattern: /^emscripten/, folders: ['wasm'] },
  { pattern: /^openssl\//, folders: ['edge/auth', 'edge/net', 'edge/app'] },
  { pattern: /^(spdlog|CLI|toml\+\+|prometheus)\//, folders: ['edge/app'] },
  { pattern: /^nlohmann\//, folders: ['edge/auth', 'edge/net', 'edge/app'] },
];

function checkInclude(folder, target, quoted) {
  if (quoted) {
    const to = ruleFor(mayInclude, target);
    if (!to) return `"${target}" is not a path from the repository's root to a known folder`;
    if (to === folder || mayInclude[folder].includes(to)) return null;
    return `${folder} must not include ${to} ("${target}")`;
  }
  const library = libraries.find(({ pattern }) => pattern.test(target));
  if (!library || library.folders.includes(folder)) return null;
  return `<${target}> belongs to ${library.folders.join(', ')} only`;
}

export function includeGraph(files) {
  const found = [];
  for (const file of files) {
    const folder = ruleFor(mayInclude, file.path);
    if (!folder) continue;
    const text = code(file);
    for (const match of text.matchAll(/^[ \t]*#[ \t]*include\s*(?:"([^"\n]+)"|<([^>\n]+)>)/gm)) {
      const message = checkInclude(folder, match[1] ?? match[2], match[1] !== undefined);
      if (message) found.push(violation(file.path, lineOf(text, match.index), message));
    }
  }
  return found;
}

/**
 * What a script may import: the pages know the package by its entry only, tests start processes.
 */
const scriptRules = [
  {
    from: /^demo\/src\//,
    to: /sdk-js|\.\.\/\.\.\//,
    why: 'the demo knows the package by its entry only',
  },
  { from: /^sdk-js\/src\/transport\//, to: /\.\.\/core\//, why: 'transports do not know the core' },
  { from: /^sdk-js\/src\//, to: /^node:/, why: 'the package runs in browsers' },
  {
    from: /^e2e\/(?!pages\/)/,
    to: /^tidegate|sdk-js\/src|edge\//,
    why: 'e2e starts processes, it links nothing',
  },
];

export function importGraph(files) {
  const found = [];
  for (const { path, text } of files) {
    for (const match of text.matchAll(
      /^(?:import|export)\b[^'"\n]*(?:from )?['"]([^'"\n]+)['"]/gm,
    )) {
      const broken = scriptRules.find((rule) => rule.from.test(path) && rule.to.test(match[1]));
      if (broken)
        found.push(violation(path, lineOf(text, match.index), `${match[1]}: ${broken.why}`));
    }
  }
  return found;
}
