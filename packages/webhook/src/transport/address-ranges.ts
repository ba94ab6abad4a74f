import { BlockList, isIP } from "node:net";

/** A block of addresses that no endpoint of another company lives in. */
export interface AddressRange {
  /** In CIDR notation; what an operator writes into `network.allow` to open it. */
  readonly cidr: string;
  /** Completes "… is". */
  readonly what: string;
}

/**
 * What is refused unless allowed, the narrower range before the wider one that holds it.
 * Sources: https://www.iana.org/assignments/iana-ipv4-special-registry and
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const REFUSED: readonly AddressRange[] = [
  { cidr: "0.0.0.0/8", what: "an address of “this network”" },
  { cidr: "10.0.0.0/8", what: "a private address" },
  { cidr: "100.64.0.0/10", what: "a carrier-grade NAT address" },
  { cidr: "127.0.0.0/8", what: "a loopback address" },
  { cidr: "169.254.0.0/16", what: "a link-local address, where clouds serve credentials" },
  { cidr: "172.16.0.0/12", what: "a private address" },
  { cidr: "192.0.0.0/24", what: "a protocol assignment" },
  { cidr: "192.0.2.0/24", what: "a documentation address" },
  { cidr: "192.88.99.0/24", what: "a 6to4 relay address" },
  { cidr: "192.168.0.0/16", what: "a private address" },
  { cidr: "198.18.0.0/15", what: "a benchmarking address" },
  { cidr: "198.51.100.0/24", what: "a documentation address" },
  { cidr: "203.0.113.0/24", what: "a documentation address" },
  { cidr: "224.0.0.0/4", what: "a multicast address" },
  { cidr: "240.0.0.0/4", what: "a reserved address" },
  // Public by its number, yet answered by the virtual machine's own host on Azure:
  // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  { cidr: "168.63.129.16/32", what: "the platform address of Azure" },
  { cidr: "::1/128", what: "a loopback address" },
  { cidr: "::ffff:0:0/96", what: "an IPv4 address in IPv6 form; use the IPv4 address itself" },
  { cidr: "::/8", what: "a reserved address" },
  { cidr: "64:ff9b:1::/48", what: "a private address behind NAT64" },
  { cidr: "100::/64", what: "a discard address" },
  { cidr: "2001:db8::/32", what: "a documentation address" },
  { cidr: "2001::/23", what: "a protocol assignment, Teredo among them" },
  { cidr: "2002::/16", what: "an IPv4 address in 6to4 form" },
  { cidr: "3fff::/20", what: "a documentation address" },
  { cidr: "5f00::/16", what: "a segment routing address" },
  { cidr: "fc00::/7", what: "a private address" },
  { cidr: "fe80::/10", what: "a link-local address" },
  { cidr: "fec0::/10", what: "a site-local address" },
  { cidr: "ff00::/8", what: "a multicast address" },
];

/** A set of addresses. Only for text that `net.isIP` takes for an address, without a zone. */
export interface AddressSet {
  /** @returns false where the text is neither an address nor a range in CIDR notation */
  add(addressOrCidr: string): boolean;
  has(address: string): boolean;
}

/** An empty set over `net.BlockList`. */
export function createAddressSet(): AddressSet {
  // Two lists: a list with `::/8` also reports every IPv4 address, since `::ffff:0:0/96` lies inside it.
  const v4 = new BlockList();
  const v6 = new BlockList();
  return {
    add(text) {
      const [address = "", prefix, ...rest] = text.split("/");
      const family = isIP(address);
      if (family === 0 || address.includes("%") || rest.length > 0) return false;
      const width = family === 4 ? 32 : 128;
      if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width)) {
        return false;
      }
      const list = family === 4 ? v4 : v6;
      list.addSubnet(address, Number(prefix ?? width), family === 4 ? "ipv4" : "ipv6");
      return true;
    },
    has: (address) => (isIP(address) === 4 ? v4.check(address, "ipv4") : v6.check(address, "ipv6")),
  };
}

const refused = REFUSED.map((range) => {
  const set = createAddressSet();
  set.add(range.cidr);
  return { range, set };
});

/**
 * The range that an address is refused for, or `undefined` for one of the public internet. What stands for another
 * address is judged by `destinationOf`.
 */
export function refusedRangeOf(address: string): AddressRange | undefined {
  return refused.find(({ set }) => set.has(address))?.range;
}

const nat64 = createAddressSet();
nat64.add("64:ff9b::/96");

/**
 * Where packets for an address end up: for `64:ff9b::/96` at the IPv4 address inside, which a NAT64 gateway sends them
 * to; for any other address, there. Source: https://www.rfc-editor.org/rfc/rfc6052#section-2.1
 */
export function destinationOf(address: string): string {
  if (isIP(address) !== 6 || !nat64.has(address)) return address;
  return ipv6Groups(address)
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join(".");
}

/** The eight numbers of an IPv6 address. `URL` prints one spelling of it, with neither a dotted quad nor upper case. */
function ipv6Groups(address: string): readonly number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = [], tail = []] = canonical
    .split("::")
    .map((half) => (half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16))));
  const zeros = Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}
