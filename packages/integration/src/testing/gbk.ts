import { WebhookError } from "@ventostack/webhook";

let table: ReadonlyMap<string, number> | undefined;

/**
 * The bytes of a text in GBK. Runtimes decode GBK but do not encode it, so the decoder is asked for every pair of bytes once.
 * @throws WebhookError INVALID_PAYLOAD for a character that GBK does not have
 */
export function encodeGbk(text: string): Uint8Array {
  table ??= readTable();
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const pair = table.get(character);
    if (code < 128) bytes.push(code);
    else if (pair !== undefined) bytes.push(pair >> 8, pair & 255);
    else throw new WebhookError("INVALID_PAYLOAD", `GBK has no character U+${code.toString(16)}`);
  }
  return Uint8Array.from(bytes);
}

function readTable(): ReadonlyMap<string, number> {
  const decoder = new TextDecoder("gbk", { fatal: true });
  const found = new Map<string, number>();
  for (let first = 0x81; first <= 0xfe; first += 1) {
    for (let second = 0x40; second <= 0xfe; second += 1) {
      const character = decoded(decoder, first, second);
      if (character !== undefined && !found.has(character)) {
        found.set(character, first * 256 + second);
      }
    }
  }
  return found;
}

function decoded(decoder: TextDecoder, first: number, second: number): string | undefined {
  try {
    return decoder.decode(Uint8Array.of(first, second));
  } catch {
    return undefined;
  }
}
