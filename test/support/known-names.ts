import dns from 'node:dns';

const addresses = new Map<string, string>();
const lookup = dns.lookup;

/**
 * Makes `name` mean `address` in this process, as a line in /etc/hosts would: clients of AMQP ask TLS for a name and take
 * no address for one, and `localhost` is one address for all tests.
 */
export function makeKnown(name: string, address: string): void {
  addresses.set(name, address);
  dns.lookup = lookupKnown as typeof dns.lookup;
}

type Callback = (error: Error | null, found: string | dns.LookupAddress[], family?: number) => void;

function lookupKnown(name: string, ...rest: [Callback] | [dns.LookupAllOptions, Callback]): void {
  const address = addresses.get(name);
  const callback = rest.at(-1) as Callback;
  const isAll = typeof rest[0] === 'object' && rest[0].all;
  if (address === undefined) (lookup as (...parameters: unknown[]) => void)(name, ...rest);
  else if (isAll) process.nextTick(() => callback(null, [{ address, family: 4 }]));
  else process.nextTick(() => callback(null, address, 4));
}
