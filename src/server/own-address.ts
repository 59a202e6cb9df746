import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Random } from '#base/random.ts';

/** Below it are addresses that people choose by hand, and those that tools use. */
const firstNumber = 64;

/**
 * A loopback address that nobody else has, most likely, so that a server on it has every port of its own: clients that
 * know their ports by heart find them there. Where the system has 127.0.0.1 alone, as macOS does, it is that one.
 */
export async function ownAddress(random: Random): Promise<string> {
  const [a = 0, b = 0, c = 0] = random.bytes(3);
  const address = `127.${firstNumber + (a % (255 - firstNumber))}.${b}.${1 + (c % 254)}`;
  return (await canListen(address)) ? address : '127.0.0.1';
}

async function canListen(address: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(0, address);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
