// Sizes that keep code readable: a file has at most 500 lines, a function at most 70, a line at
// most 100 columns; each file opens with a comment that says what room it is.
import { code, lineOf, violation } from '../lib/text.mjs';

export const fileLinesMax = 500;
export const functionLinesMax = 70;
export const columnsMax = 100;
const openingLinesMax = 12;

const notFunctions =
  /^(if|for|while|switch|catch|do|else|try|namespace|class|struct|enum|union|extern|return)\b/;

/** Where the declaration before a brace begins: after the last `;`, `{`, `}` or open bracket. */
function headStart(text, brace) {
  let depth = 0;
  for (let at = brace - 1; at >= 0; --at) {
    const c = text[at];
    // A member initialized with braces, `a_{1}, b_{2} {`, does not end the declaration.
    const initializer = c === '}' && /^\}\s*[,{]/.test(text.slice(at, at + 80));
    if (c === ')' || c === ']' || initializer) {
      ++depth;
    } else if (c === '(' || c === '[' || (c === '{' && depth > 0)) {
      if (depth === 0) return at + 1;
      --depth;
    } else if (depth === 0 && (c === ';' || c === '{' || c === '}')) {
      return at + 1;
    }
  }
  return 0;
}

function isFunctionHead(head) {
  const text = head
    .replace(/^\s*#[^\n]*$/gm, '')
    .replace(/^\s*(template\s*<[^{}]*?>\s*(requires\s[^{}]*?)?(?=\w|\[))/, '')
    .trim();
  if (!text || notFunctions.test(text)) return false;
  if (/=>\s*$/.test(text)) return true; // arrow function
  if (/\]\s*(\([^{}]*\))?\s*(mutable|noexcept|\s|->\s*[\w:<>*&\s]+)*$/.test(text)) return true; // C++ lambda
  return /\)\s*(const|noexcept|override|final|mutable|&|&&|\s|->\s*[\w:<>,*&\s]+|:\s*[^;]*)*$/.test(
    text,
  );
}

const wrapsTests = /\bdescribe\s*\($/;

/** Each function's first line and number of lines. What only groups tests does not count. */
export function functionsOf(file) {
  const text = code(file);
  const open = [];
  const functions = [];
  for (let at = 0; at < text.length; ++at) {
    if (text[at] === '{') open.push(at);
    if (text[at] !== '}' || open.length === 0) continue;
    const start = open.pop();
    const from = headStart(text, start);
    if (!isFunctionHead(text.slice(from, start)) || wrapsTests.test(text.slice(0, from))) continue;
    const line = lineOf(text, start);
    functions.push({ line, lines: lineOf(text, at) - line + 1 });
  }
  return functions;
}

export function fileSizes(files) {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    return lines > fileLinesMax
      ? [violation(path, lines, `${lines} lines, at most ${fileLinesMax}`)]
      : [];
  });
}

export function functionSizes(files) {
  return files.flatMap((file) =>
    functionsOf(file)
      .filter(({ lines }) => lines > functionLinesMax)
      .map(({ line, lines }) =>
        violation(file.path, line, `a function of ${lines} lines, at most ${functionLinesMax}`),
      ),
  );
}

export function lineWidths(files) {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const columns = [...line].length;
      // A line that is one long literal (a URL, a hex example) cannot be broken.
      return columns > columnsMax && !/\S{70,}/.test(line)
        ? [violation(path, index + 1, `${columns} columns, at most ${columnsMax}`)]
        : [];
    }),
  );
}

/** A .cc beside its header is described there. */
export function openingComments(files) {
  const paths = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path, text }) => {
    if (path.endsWith('.cc') && paths.has(path.replace(/cc$/, 'h'))) return [];
    const lines = text.replace(/^#!.*\n/, '').split('\n');
    const first = lines.findIndex((line) => !/^(\/\/|\s*\*|\/\*)/.test(line));
    const words =
      lines
        .slice(0, first)
        .join(' ')
        .match(/\p{L}{2,}/gu)?.length ?? 0;
    if (first <= 0 || words < 3)
      return [violation(path, 1, 'opens without a comment that says what it is')];
    return first > openingLinesMax + 8
      ? [
          violation(
            path,
            1,
            `opens with ${first} lines of comment: a header that asks to be skipped`,
          ),
        ]
      : [];
  });
}
