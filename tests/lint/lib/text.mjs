// Reading C++ and TypeScript without a compiler: source text with comments and literals blanked
// out, line by line in its place, which is all that the rules need.

const comment = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const string = String.raw`"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)*'`;
const rawString = String.raw`R"([^\s()\\]{0,16})\([\s\S]*?\)\1"`;
const template = '`(?:[^`\\\\]|\\\\[\\s\\S])*`';
// A regular expression can stand where a value can: after an operator, an opening bracket or a
// keyword.
const value = String.raw`(?<=(?:^|[=(,:!&|?{};\[>]|return)[ \t]*)`;
const regex = value + String.raw`\/(?![*\/])(?:[^\/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*`;
// One scan from left to right, so that a quote in a comment and a slash in a string are what they
// are.
const cppLiteral = new RegExp([comment, rawString, string].join('|'), 'g');
const scriptLiteral = new RegExp([comment, string, template, regex].join('|'), 'gm');

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** Comments and literals become spaces; line numbers stay. Includes keep their path. */
export function code({ path, text }) {
  if (!/\.(cc|h)$/.test(path)) return text.replace(scriptLiteral, blank);
  return text.replace(cppLiteral, (all, _tag, at) => {
    const before = text.slice(text.lastIndexOf('\n', at) + 1, at);
    return all[0] === '"' && /^\s*#\s*include/.test(before) ? all : blank(all);
  });
}

export const lineOf = (text, at) => text.slice(0, at).split('\n').length;

/** `path:line: message`, the form of every violation. */
export const violation = (path, line, message) => `${path}:${line}: ${message}`;

/** A folder rule that applies to `path`: the longest key that is a prefix. */
export function ruleFor(table, path) {
  const keys = Object.keys(table).filter((key) => path === key || path.startsWith(`${key}/`));
  return keys.sort((a, b) => b.length - a.length)[0];
}
