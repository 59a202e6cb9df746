import { BlockList, isIP } from 'node:net';

/**
 * Networks that are somebody's inside, or nobody's: loopback, private, link-local (where clouds answer with
 * credentials), shared, documentation, benchmarking, multicast and reserved. IPv6 ranges that wrap an IPv4
 * address (6to4, Teredo) are among them, since what they lead to cannot be read off their outside.
 */
const inside: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];

/** All of the open internet lies in here (RFC 4291 2.4, IANA). What is outside is private, wraps IPv4, or means nothing yet. */
const globalIpv6 = { address: '2000::', bits: 3 } as const;

export type AddressRules = { allows(address: string): boolean };

/**
 * Which addresses may be connected to. `allowed` names single addresses or networks (`10.1.0.0/16`) that
 * are reachable although they lie inside; throws RangeError for what is neither.
 */
export function addressRules(allowed: readonly string[]): AddressRules {
  const refusedList = networks(inside);
  const allowedList = networks(allowed);
  const global = new BlockList();
  global.addSubnet(globalIpv6.address, globalIpv6.bits, 'ipv6');
  return {
    allows(address) {
      const plain = unwrap(address);
      const family = familyOf(plain);
      if (family === undefined) return false;
      if (allowedList.check(plain, family)) return true;
      return !refusedList.check(plain, family) && (family === 'ipv4' || global.check(plain, family));
    },
  };
}

function networks(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', prefix, ...rest] = text.split('/');
    const family = familyOf(address);
    const bitsMax = family === 'ipv4' ? 32 : 128;
    const bits = prefix === undefined ? bitsMax : Number(prefix);
    const isPrefix = prefix === undefined || /^\d{1,3}$/.test(prefix);
    if (family === undefined || rest.length > 0 || !isPrefix || bits > bitsMax) {
      throw new RangeError(`${text} is neither an address nor a network such as 10.1.0.0/16.`);
    }
    list.addSubnet(address, bits, family);
  }
  return list;
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const family = isIP(address);
  return family === 4 ? 'ipv4' : family === 6 ? 'ipv6' : undefined;
}

/** `::ffff:10.0.0.1`, in either spelling, leads to 10.0.0.1 and is judged as that; a zone is no part of the address. */
function unwrap(address: string): string {
  const [plain = ''] = address.split('%');
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (dotted !== undefined) return dotted;
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(plain) ?? [];
  if (high === undefined || low === undefined) return plain;
  const value = Number.parseInt(high, 16) * 2 ** 16 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
