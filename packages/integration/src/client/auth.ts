import type { Clock } from "./clock.ts";
import { configError, IntegrationError } from "./errors.ts";

/** How a client proves who it is. Take secrets from the environment, not from code. */
export type Auth =
  | { readonly bearer: string }
  | { readonly basic: { readonly username: string; readonly password: string } }
  | { readonly header: { readonly name: string; readonly value: string } }
  | AuthFunction;

/**
 * Fetches a token. Calls that need one at the same time wait for one fetch. Its token is kept until it expires or the
 * vendor answers 401; after a 401 the call is repeated once with a fresh one.
 */
export type AuthFunction = (request: {
  readonly reason: "first" | "expired" | "unauthorized";
}) => AuthToken | Promise<AuthToken>;

/** A text is a bearer token. `expiresAt` is milliseconds since the epoch; the token is renewed 30 s before. */
export type AuthToken =
  | string
  | { readonly token: string; readonly expiresAt?: number }
  | { readonly headers: Readonly<Record<string, string>>; readonly expiresAt?: number };

/** The headers of one token. Compared by identity: after a 401 nobody renews what has been renewed already. */
export interface Credentials {
  readonly headers: Headers;
  readonly expiresAt: number;
}

export interface Authenticator {
  /** Whether a 401 can be answered with a fresh token. */
  readonly renewable: boolean;
  /** @throws AUTH_ERROR where the auth function failed */
  current(): Promise<Credentials>;
  /** Credentials other than these, which the vendor has refused. */
  renew(refused: Credentials): Promise<Credentials>;
}

const LEEWAY_MS = 30_000;

interface AuthenticatorOptions {
  readonly clock: Clock;
  readonly integration: string;
  /** Told each secret, so that logs can leave it out. */
  readonly protect: (secret: string) => void;
}

/** @throws CONFIG_ERROR for empty or unusable credentials */
export function createAuthenticator(
  auth: Auth | undefined,
  options: AuthenticatorOptions,
): Authenticator {
  if (typeof auth === "function") return renewing(auth, options);
  const headers = auth === undefined ? {} : fixedHeaders(auth, options.protect);
  const fixed = credentials(headers, Number.POSITIVE_INFINITY, options.protect);
  return {
    renewable: false,
    current: () => Promise.resolve(fixed),
    renew: () => Promise.resolve(fixed),
  };
}

function renewing(
  fetchToken: AuthFunction,
  { clock, integration, protect }: AuthenticatorOptions,
): Authenticator {
  let known: Credentials | undefined;
  let flight: Promise<Credentials> | undefined;

  const load = async (reason: "first" | "expired" | "unauthorized"): Promise<Credentials> => {
    try {
      known = readToken(await fetchToken({ reason }), protect);
      return known;
    } catch (error) {
      throw failedAuth(error, integration);
    }
  };
  const fresh = (reason: "first" | "expired" | "unauthorized"): Promise<Credentials> => {
    // Not within `load`: a function that throws at once would end the flight before it is noted.
    flight ??= load(reason).finally(() => {
      flight = undefined;
    });
    return flight;
  };
  const current = (): Promise<Credentials> => {
    if (known === undefined) return fresh("first");
    if (clock.now() < known.expiresAt - LEEWAY_MS) return Promise.resolve(known);
    return fresh("expired");
  };

  return {
    renewable: true,
    current,
    renew(refused) {
      if (known !== undefined && known !== refused) return current();
      return fresh("unauthorized");
    },
  };
}

/** The original stays behind: a failed token request is full of secrets. */
function failedAuth(error: unknown, integration: string): IntegrationError {
  const inner = error instanceof IntegrationError ? error : undefined;
  if (inner?.code === "CONFIG_ERROR") return inner;
  return new IntegrationError({
    code: "AUTH_ERROR",
    message: `The auth function of ${integration} failed`,
    outcome: "not_sent",
    integration,
    retryable: inner?.retryable ?? false,
    retryAfterMs: inner?.retryAfterMs,
    reason: inner?.code,
  });
}

function readToken(token: AuthToken, protect: (secret: string) => void): Credentials {
  if (typeof token === "string") return bearer(token, undefined, protect);
  if ("token" in token) return bearer(token.token, token.expiresAt, protect);
  return credentials(token.headers, token.expiresAt, protect);
}

function bearer(
  token: string,
  expiresAt: number | undefined,
  protect: (secret: string) => void,
): Credentials {
  protect(checkSecret("The bearer token", token));
  return credentials({ authorization: `Bearer ${token}` }, expiresAt, protect);
}

function fixedHeaders(
  auth: Exclude<Auth, AuthFunction>,
  protect: (secret: string) => void,
): Record<string, string> {
  if ("bearer" in auth) {
    protect(checkSecret("auth.bearer", auth.bearer));
    return { authorization: `Bearer ${auth.bearer}` };
  }
  if ("header" in auth) {
    const { name, value } = auth.header;
    return { [name]: checkSecret("auth.header.value", value) };
  }
  if ("basic" in auth) {
    const { username, password } = auth.basic;
    if (typeof username !== "string" || username.includes(":"))
      throw configError("auth.basic.username must be a text without a colon");
    // Some vendors take the key as the user name and no password.
    if (typeof password !== "string" || username + password === "")
      throw configError("auth.basic needs a username and a password, of which one may be empty");
    // A user name beside a password is often an ordinary word.
    protect(password === "" ? username : password);
    return { authorization: `Basic ${toBase64(`${username}:${password}`)}` };
  }
  throw configError("auth must be { bearer }, { basic }, { header } or a function");
}

function checkSecret(name: string, secret: unknown): string {
  if (typeof secret === "string" && /^[\u0021-\u007e]+$/.test(secret)) return secret;
  throw configError(
    `${name} must be visible ASCII and not empty: is its environment variable set, and without a line end?`,
  );
}

function credentials(
  record: Readonly<Record<string, string>>,
  expiresAt: number | undefined,
  protect: (secret: string) => void,
): Credentials {
  for (const value of Object.values(record)) {
    protect(value);
    protect(value.replace(/^\w+ /, ""));
  }
  try {
    return { headers: new Headers(record), expiresAt: expiresAt ?? Number.POSITIVE_INFINITY };
  } catch {
    // The runtime's own text repeats the value.
    throw configError("auth makes a header that cannot be sent: check its name and its value");
  }
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
