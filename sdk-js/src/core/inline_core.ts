// The core as it stands in the default entry: deflated, in base64, unpacked by the platform.
import { coreDeflatedBase64 } from 'tidegate-core-inline';

import { ErrorCode } from '../codes.js';
import { TidegateError } from '../errors.js';

export async function inlineCore(): Promise<BufferSource> {
  if (typeof DecompressionStream === 'undefined') {
    throw new TidegateError(
      ErrorCode.unsupported,
      "this browser has no DecompressionStream to unpack the core with: use 'tidegate/slim'",
    );
  }
  const packed = Uint8Array.from(atob(coreDeflatedBase64), (character) => character.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(unpacked).arrayBuffer();
}
