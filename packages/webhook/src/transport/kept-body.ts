/** The first bytes of a body, copied: what they are read from is used again for the next bytes. */
export interface KeptBody {
  begin(maxBytes: number): void;
  /** @returns false once there was more than is kept */
  add(bytes: Uint8Array, start: number, end: number): boolean;
  /** Gives the bytes away. */
  take(): Uint8Array;
}

// Nobody can write into it.
const EMPTY = new Uint8Array(0);

/** Memory grows with what has come, not with what was announced. */
export function createKeptBody(): KeptBody {
  let buffer: Uint8Array = EMPTY;
  let kept = 0;
  let max = 0;
  return {
    begin(maxBytes) {
      buffer = EMPTY;
      kept = 0;
      max = maxBytes;
    },
    add(bytes, start, end) {
      const length = Math.min(end - start, max - kept);
      if (length > 0) {
        if (kept + length > buffer.length) {
          // Most bodies come in one piece, which then needs no second copy.
          const room =
            kept === 0 ? length : Math.min(max, Math.max(buffer.length * 2, kept + length));
          const larger = new Uint8Array(room);
          larger.set(kept === buffer.length ? buffer : buffer.subarray(0, kept));
          buffer = larger;
        }
        buffer.set(bytes.subarray(start, start + length), kept);
        kept += length;
      }
      return length === end - start;
    },
    take() {
      const whole = kept === buffer.length ? buffer : buffer.slice(0, kept);
      buffer = EMPTY;
      return whole;
    },
  };
}
