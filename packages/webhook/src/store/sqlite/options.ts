import { WebhookError } from "../../errors.ts";
import type { SqliteHandle } from "./database.ts";

/** A key for AES-256-GCM: 32 bytes, or these in base64 or hex. */
export type EncryptionKey = Uint8Array | string;

export interface SqliteStoreOptions {
  /**
   * What a promise that resolved is worth. `normal`: it survives the process, however that dies, and the operating
   * system's buffers write it down; a crash of the operating system or a power failure may take the last moments with
   * it, but never damages the file. `full`: it survives those too, for one fsync per transaction. Default `normal`;
   * for a handle of yours, what is set there.
   */
  readonly durability?: "normal" | "full";
  /**
   * How long to wait for other connections' transactions, in ms. 0 or more, default 5,000. Writes that return promises
   * wait without blocking; opening and changes of subscriptions block.
   */
  readonly busyTimeoutMs?: number;
  /** How often to look for work that other connections have stored, in ms. 1 or more, default 250. */
  readonly pollMs?: number;
  /**
   * Encrypts the subscriptions' secrets, headers, TLS settings and proxies in the file. `key` for one; `keys` while
   * one is replaced: the first encrypts, all decrypt. Payloads are not encrypted.
   */
  readonly encryption?:
    | { readonly key: EncryptionKey }
    | { readonly keys: readonly [EncryptionKey, ...EncryptionKey[]] };
  /** What goes into one transaction. `false` commits every call by itself. */
  readonly groupCommit?: false | GroupCommitOptions;
}

export interface GroupCommitOptions {
  /** Deliveries stored or settled in one transaction at most, but for those of a single event. 1 or more, default 200. */
  readonly maxSize?: number;
  /**
   * How long to gather, in ms. 0, the default, gathers what one turn of the event loop brings, which adds no waiting;
   * more makes for fewer transactions where an fsync is slow. At most 1,000.
   */
  readonly maxDelayMs?: number;
}

export interface ResolvedSqliteOptions {
  readonly durability: "normal" | "full" | undefined;
  readonly busyTimeoutMs: number;
  readonly pollMs: number;
  /** The newest first; none for no encryption. */
  readonly keys: readonly EncryptionKey[];
  readonly maxSize: number;
  readonly maxDelayMs: number;
}

function integer(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER) {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const bound = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  throw new WebhookError(
    "INVALID_OPTION",
    `${name} must be a whole number, ${bound}; it is ${String(value)}`,
  );
}

/** Checks the options and fills in the defaults. */
export function resolveSqliteOptions(
  target: string | SqliteHandle,
  options: SqliteStoreOptions,
): ResolvedSqliteOptions {
  const { durability, groupCommit, encryption } = options;
  const isHandle = typeof target === "object" && target !== null && "prepare" in target;
  if (!isHandle && (typeof target !== "string" || target === "")) {
    throw new WebhookError(
      "INVALID_OPTION",
      'the database must be a path such as "webhooks.db", ":memory:", or an open DatabaseSync',
    );
  }
  if (durability !== undefined && durability !== "normal" && durability !== "full") {
    throw new WebhookError("INVALID_OPTION", 'durability must be "normal" or "full"');
  }
  const group = groupCommit === false ? { maxSize: 1 } : (groupCommit ?? {});
  return {
    durability: durability ?? (isHandle ? undefined : "normal"),
    busyTimeoutMs: integer("busyTimeoutMs", options.busyTimeoutMs ?? 5000, 0, 2 ** 31 - 1),
    pollMs: integer("pollMs", options.pollMs ?? 250, 1, 2 ** 31 - 1),
    keys: encryption === undefined ? [] : "keys" in encryption ? encryption.keys : [encryption.key],
    maxSize: integer("groupCommit.maxSize", group.maxSize ?? 200, 1),
    maxDelayMs: integer("groupCommit.maxDelayMs", group.maxDelayMs ?? 0, 0, 1000),
  };
}
