import { WebhookError } from "../errors.ts";
import type { WebhookEvent } from "../event.ts";
import { concatBytes, utf8 } from "../signing/bytes.ts";
import type { StoredMessage } from "../store/delivery-store.ts";

const MAX_NAME_LENGTH = 255;
const VISIBLE = /^[\x21-\x7e]+$/;
const PRINTABLE = /^[\x20-\x7e]+$/;

function checkText(name: string, value: unknown, form: RegExp, allowed: string): string {
  if (typeof value !== "string" || value.length > MAX_NAME_LENGTH || !form.test(value)) {
    throw new WebhookError(
      "INVALID_EVENT",
      `an event's ${name} must be 1 to ${MAX_NAME_LENGTH} ${allowed}, because it is sent as a header`,
    );
  }
  return value;
}

/** Checks what goes into headers, so that it can neither break nor forge one. */
export function checkEvent(event: Omit<WebhookEvent, "payload">): void {
  checkText("id", event.id, VISIBLE, "visible ASCII characters");
  // The signed content is id.timestamp.body: a dot would let one signature stand for two readings.
  if (event.id.includes(".")) {
    throw new WebhookError(
      "INVALID_EVENT",
      "an event's id must not contain a dot: the signed content is separated by dots",
    );
  }
  checkText("type", event.type, VISIBLE, "visible ASCII characters");
  checkText("source", event.source, PRINTABLE, "printable ASCII characters");
  if (!Number.isFinite(event.timestamp)) {
    throw new WebhookError(
      "INVALID_EVENT",
      "an event's timestamp must be a number of milliseconds since the epoch",
    );
  }
}

/**
 * The payload as it is sent and signed: a string is taken as serialised already, anything else is written as JSON now,
 * so that a later change of the object cannot change what a retry sends.
 * @throws WebhookError INVALID_PAYLOAD for what JSON cannot express, PAYLOAD_TOO_LARGE
 */
export function serialisePayload(
  payload: unknown,
  maxBytes: number,
): Pick<StoredMessage, "payload" | "isText"> {
  const bytes = utf8(typeof payload === "string" ? payload : toJson("payload", payload));
  if (bytes.length > maxBytes) {
    throw new WebhookError(
      "PAYLOAD_TOO_LARGE",
      `the payload has ${bytes.length} bytes, more than maxPayloadBytes (${maxBytes}): send a reference instead, ` +
        "or raise the bound",
    );
  }
  return typeof payload === "string" && !isJson(payload)
    ? { payload: bytes, isText: true }
    : { payload: bytes };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @throws WebhookError INVALID_PAYLOAD */
export function toJson(name: string, value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw new WebhookError(
      "INVALID_PAYLOAD",
      `the ${name} cannot be written as JSON: it holds a BigInt, refers to itself, or its toJSON failed. ` +
        "Pass a BigInt as a string, and plain data instead of objects with links",
      { cause },
    );
  }
  if (json === undefined) {
    throw new WebhookError(
      "INVALID_PAYLOAD",
      `the ${name} cannot be written as JSON: ${typeof value} has no JSON form; pass null for "nothing"`,
    );
  }
  return json;
}

/** The whole event as JSON around the payload's own bytes. */
export function eventBody(message: StoredMessage, payload: Uint8Array): Uint8Array {
  const { id, type, source, timestamp, metadata } = message;
  const head = JSON.stringify({ id, type, source, timestamp }).slice(0, -1);
  const middle = metadata === undefined ? "" : `,"metadata":${metadata}`;
  const inner = message.isText ? utf8(JSON.stringify(new TextDecoder().decode(payload))) : payload;
  return concatBytes([utf8(`${head}${middle},"payload":`), inner, utf8("}")]);
}
