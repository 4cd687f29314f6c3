// How bytes become text here: as they are. A U+FEFF at their beginning is part of a key or a name,
// which by default a decoder would swallow: two records would become one.
export const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });
