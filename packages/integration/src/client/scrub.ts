const REDACTED = "[redacted]";

/** Longer text is cut: a log is no place for it, and the patterns must not be handed megabytes. */
const MAX_LENGTH = 1_000;

/** Shorter values would take ordinary words out of the log. */
const MIN_SECRET_LENGTH = 4;

/** A client whose tokens are renewed every few minutes must not remember them all. */
const MAX_SECRETS = 64;

export interface Scrubber {
  /** From now on this value is taken out wherever it stands. */
  readonly protect: (secret: string) => void;
  /** The text without secrets, at most 1,000 characters. */
  readonly scrub: (text: string) => string;
}

const PATTERNS: readonly RegExp[] = [
  // Keys that carry their vendor's prefix: Stripe, GitHub, Slack, SendGrid, AWS, Google, OpenAI, Shopify and others.
  /\b(?:(?:sk|rk|pk|whsec|ghp|gho|ghu|ghs|ghr|github_pat|shpat|shpss|glpat)[_-]|xox[abeoprs]-|key-(?=[\w-]*\d)|SG\.|AKIA|ASIA|AIza|ya29\.)[\w.-]{8,}/g,
  // JSON Web Tokens.
  /\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?/g,
  /\b(?:Bearer|Basic|Digest|Negotiate|ApiKey|Token)\s+[\w.~+/=:-]{4,}/gi,
  /-----BEGIN [A-Z ]{1,40}-----[\s\S]*/g,
  // Digests and signatures in hex: 160 bits and more, which no id of a request has.
  /\b(?:[0-9a-f]{40,})\b/gi,
  // E-mail addresses, also percent-encoded. Bounded, so that no text can make the search slow.
  /[\w.!#$&'*+/=?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/gi,
];

const CARD_LIKE = /\d(?:[ -]?\d){12,18}/g;

/** Takes known secrets, and what looks like one, out of texts that are about to be logged. */
export function createScrubber(): Scrubber {
  const secrets = new Set<string>();

  return {
    protect(secret) {
      for (const form of new Set([secret, encodeURIComponent(secret)])) {
        if (form.length < MIN_SECRET_LENGTH) continue;
        secrets.delete(form);
        secrets.add(form);
      }
      for (const oldest of secrets) {
        if (secrets.size <= MAX_SECRETS) break;
        secrets.delete(oldest);
      }
    },
    scrub(text) {
      // Before the cut: half a secret at the end would not be found.
      let clean = text.slice(0, MAX_LENGTH * 4);
      for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED);
      for (const pattern of PATTERNS) clean = clean.replace(pattern, REDACTED);
      clean = clean.replace(CARD_LIKE, (digits) => (passesLuhn(digits) ? REDACTED : digits));
      return clean.slice(0, MAX_LENGTH);
    },
  };
}

/** Source: https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, annex B) */
function passesLuhn(text: string): boolean {
  const digits = text.replace(/\D/g, "");
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
