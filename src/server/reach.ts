import { isIP } from 'node:net';
import { printable } from '#base/printable.ts';
import { StartRefused } from './start-refused.ts';

/** Whether an address reaches this machine only. */
export function isLoopback(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === '::1' || address === 'localhost';
}

/**
 * Throws StartRefused when the server would be reachable from elsewhere under no name: clients check
 * the certificate's names, and whoever opens a port to others should have meant to.
 */
export function checkReach(address: string, hostNames: readonly string[]): void {
  if (address !== 'localhost' && isIP(address) === 0) {
    throw new StartRefused(`${printable(address)} is not an address to listen on.`, {
      fix: 'Give an IP address, for instance --listen 127.0.0.1.',
    });
  }
  const wrong = hostNames.find((name) => !hostNamePattern.test(name) && isIP(name) === 0);
  if (wrong !== undefined) {
    throw new StartRefused(`${printable(wrong)} is not a host name.`, {
      why: 'A host name has letters, digits, dots and dashes.',
    });
  }
  if (!isLoopback(address) && hostNames.length === 0) {
    throw new StartRefused(`${address} can be reached from other machines, and no host name was given.`, {
      why: 'Clients check the name they dial against the certificate.',
      fix: 'Add --host-name NAME, or leave --listen out.',
    });
  }
}

const hostNamePattern = /^(?!-)[A-Za-z0-9.-]{1,253}$/;

/** What is now reachable from elsewhere, port by port; nothing on loopback. */
export function describeReach(
  address: string,
  ports: { mqtt: number; amqp: number; https: number; people: number; files?: number; broker?: number },
): string[] {
  if (isLoopback(address)) return [];
  const files = !ports.files ? '' : `, ${ports.files} (files, HTTPS)`;
  const broker = !ports.broker ? '' : `, ${ports.broker} (devices, plain MQTT broker)`;
  return [
    `Reachable from other machines on ${address}: port ${ports.mqtt} (devices, MQTT), ${ports.amqp} (devices, AMQP), ${ports.https} (devices and services, HTTPS), ${ports.people} (people: the web app and its API)${files}${broker}`,
  ];
}
