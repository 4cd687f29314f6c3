// What scripts/build_core.mjs writes into build/core; esbuild resolves these names to that folder.

declare module 'tidegate-core-glue' {
  export default function createCoreModule(
    options: import('./core_module.js').GlueOptions,
  ): Promise<import('./core_module.js').CoreModule>;
}

declare module 'tidegate-core-inline' {
  /** core.wasm, deflated (zlib), base64. */
  export const coreDeflatedBase64: string;
}

/**
 * Names one build of core.wasm together with its glue; the same text stands in a custom section.
 */
declare const TIDEGATE_CORE_BUILD: string;
declare const TIDEGATE_SDK_VERSION: string;
