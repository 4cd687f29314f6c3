// Reading C++ and TypeScript without a compiler: source text with comments and literals blanked out, line
// by line in its place, which is all that the rules need.

const literal =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|R"([^\s()\\]{0,16})\([\s\S]*?\)\1"|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)*'/g;
const template = /`(?:[^`\\]|\\.)*`/g;
// A regular expression can stand where a value can: after an operator, an opening bracket or a keyword.
const regex =
  /((?:^|[=(,:!&|?{};\[]|=>|return)[ \t]*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/gm;

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** Comments and literals become spaces; line numbers stay. Includes keep their path. */
export function code({ path, text }) {
  const script = !/\.(cc|h)$/.test(path);
  let out = text;
  if (script) out = out.replace(regex, (all, before) => before + blank(all.slice(before.length)));
  out = out.replace(literal, (all, _tag, at, whole) => {
    const lineStart = whole.lastIndexOf('\n', at) + 1;
    return /^\s*#\s*include/.test(whole.slice(lineStart, at)) && all[0] === '"' ? all : blank(all);
  });
  if (script) out = out.replace(template, blank);
  return out;
}

export const lineOf = (text, at) => text.slice(0, at).split('\n').length;

/** `path:line: message`, the form of every violation. */
export const violation = (path, line, message) => `${path}:${line}: ${message}`;

/** A folder rule that applies to `path`: the longest key that is a prefix. */
export function ruleFor(table, path) {
  const keys = Object.keys(table).filter((key) => path === key || path.startsWith(`${key}/`));
  return keys.sort((a, b) => b.length - a.length)[0];
}
