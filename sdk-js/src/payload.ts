// What an application publishes, as bytes: anything JSON can say, or bytes as they are.
import { ErrorCode } from './codes.js';
import { messageOf, TidegateError } from './errors.js';

const encoder = /* @__PURE__ */ new TextEncoder();

export interface EncodedPayload {
  binary: boolean;
  payload: Uint8Array;
}

export function encodePayload(data: unknown): EncodedPayload {
  if (isBuffer(data)) return { binary: true, payload: new Uint8Array(data) };
  if (ArrayBuffer.isView(data)) {
    return { binary: true, payload: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  }
  return { binary: false, payload: encoder.encode(jsonText(data)) };
}

/** By its name: a buffer of another frame or of shared memory is no instance of our ArrayBuffer. */
function isBuffer(data: unknown): data is ArrayBuffer {
  return /ArrayBuffer]$/.test({}.toString.call(data));
}

function jsonText(data: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (error) {
    throw new TidegateError(
      ErrorCode.invalid_payload,
      `the payload cannot be written as JSON: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  if (text === undefined) {
    throw new TidegateError(
      ErrorCode.invalid_payload,
      `a payload of type ${typeof data} cannot be written as JSON: publish null, or a value`,
    );
  }
  return text;
}
