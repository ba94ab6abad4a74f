import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { WebhookError } from "../errors.ts";
import { messageOf, codeOf } from "./failure.ts";
import type { NetworkPolicy } from "./network-policy.ts";

/** One address that a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Looks a host name up. The default asks the operating system, as `dns.lookup` does, for every address. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

const resolveWithSystem: Resolve = async (hostname) =>
  (await systemLookup(hostname, { all: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }));

/**
 * Wraps a resolver so that it only ever gives out addresses that may be dialled. One refused address refuses the name:
 * a name that mixes public with private addresses is a rebinding attempt or a mistake, and which one a dialler takes
 * is chance.
 * @returns a function that rejects with a `WebhookError` `BLOCKED_ADDRESS`, or with an error that has the resolver's code
 */
export function createVettedResolver(
  policy: NetworkPolicy,
  resolve: Resolve = resolveWithSystem,
): Resolve {
  return async (hostname) => {
    const loopback = policy.allowsName(hostname) ? undefined : policy.loopbackAddresses(hostname);
    if (loopback) return loopback.map(withFamily);
    const answer = await resolve(hostname).catch((error: unknown) => {
      throw dnsError(`Cannot resolve ${hostname}: ${messageOf(error)}`, codeOf(error), error);
    });
    // Copied before it is checked, so that nobody can change it before it is dialled. The family that the resolver
    // claims is not believed beside the address.
    const addresses = answer.map(({ address }) => withFamily(address));
    if (addresses.length === 0) throw dnsError(`${hostname} has no address`, undefined, undefined);
    if (policy.allowsName(hostname)) return addresses;
    for (const { address } of addresses) {
      const refusal = policy.checkAddress(address, hostname);
      if (refusal !== undefined) throw new WebhookError("BLOCKED_ADDRESS", refusal);
    }
    return addresses;
  };
}

function withFamily(address: string): ResolvedAddress {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

function dnsError(message: string, code: string | undefined, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: code ?? "DNS_FAILED" });
}
