/** Somebody who sends or receives e-mail. */
export interface EmailAddress {
  /** Only the address, such as `jenny@example.com`. */
  readonly email: string;
  readonly name?: string;
}

/** An address, with or without a name. */
export type Recipient = string | EmailAddress;

/** What became of an input: an address, or what was wrong with it. */
export type ReadAddress =
  | { readonly address: EmailAddress; readonly problem?: undefined }
  | { readonly address?: undefined; readonly problem: string };

const MOST_CHARACTERS = 254;
const MOST_LOCAL_CHARACTERS = 64;
const MOST_NAME_CHARACTERS = 256;
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/i;
/** Line breaks of every kind and all other control characters: what a header could be broken with. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
/** SendGrid refuses them in a name, and a mail program reads them as the end of one. */
const SEPARATORS = /\s*[,;]\s*/g;

/**
 * Reads an address conservatively: the unquoted form of RFC 5321, in ASCII, with a domain that has a dot. That is less
 * than the standard allows and all that is in use. An international domain is written in its ASCII form (`xn--…`).
 * Commas and semicolons in a name become spaces. No input makes this throw, and no problem repeats the input.
 * Source: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2
 */
export function readAddress(input: unknown): ReadAddress {
  try {
    if (typeof input === "string") return checked(input, undefined);
    if (typeof input !== "object" || input === null) return { problem: "it is not an address" };
    const { email, name } = input as { readonly email?: unknown; readonly name?: unknown };
    return checked(email, name ?? undefined);
  } catch {
    return { problem: "it cannot be read" };
  }
}

/** What tells one mailbox from another: in practice servers do not care for upper and lower case. */
export function mailboxOf(email: string): string {
  return email.toLowerCase();
}

/** Whether a text could break the line of a header that it stands in. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

function checked(email: unknown, name: unknown): ReadAddress {
  if (typeof email !== "string") return { problem: "it is not an address" };
  const at = email.lastIndexOf("@");
  const local = email.slice(0, Math.max(at, 0));
  if (
    email.length > MOST_CHARACTERS ||
    local.length > MOST_LOCAL_CHARACTERS ||
    !LOCAL_PART.test(local) ||
    !DOMAIN.test(email.slice(at + 1))
  ) {
    return { problem: "it is not an address in ASCII whose domain has a dot" };
  }
  if (name === undefined || name === "") return { address: { email } };
  if (typeof name !== "string" || name.length > MOST_NAME_CHARACTERS) {
    return { problem: `its name is not a text of at most ${MOST_NAME_CHARACTERS} characters` };
  }
  if (hasControlCharacters(name))
    return { problem: "its name has a line break or another control character" };
  return { address: { email, name: name.replace(SEPARATORS, " ").trim() } };
}
