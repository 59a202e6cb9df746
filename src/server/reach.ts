import { isIP } from 'node:net';
import { SettingsError } from '#base/settings.ts';

/** Whether an address reaches this machine only. */
export function isLoopback(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === '::1' || address === 'localhost';
}

/**
 * Throws SettingsError when the server would be reachable from elsewhere under no name: clients check
 * the certificate's names, and whoever opens a port to others should have meant to.
 */
export function checkReach(address: string, hostNames: readonly string[]): void {
  if (address !== 'localhost' && isIP(address) === 0)
    throw new SettingsError(`${address} is not an address to listen on.\nGive an IP address, for instance 127.0.0.1.`);
  const wrong = hostNames.find((name) => !/^(?!-)[A-Za-z0-9.-]{1,253}$/.test(name) && isIP(name) === 0);
  if (wrong !== undefined)
    throw new SettingsError(`${wrong} is not a host name.\nA host name has letters, digits, dots and dashes.`);
  if (!isLoopback(address) && hostNames.length === 0) {
    throw new SettingsError(
      `${address} can be reached from other machines, and no host name was given.\nClients check the name they dial against the certificate.\nAdd --host-name NAME, or leave --listen out.`,
    );
  }
}

/** What is now reachable from elsewhere, port by port; nothing on loopback. */
export function describeReach(address: string, ports: { mqtt: number; https: number; people: number }): string[] {
  if (isLoopback(address)) return [];
  return [
    `Reachable from other machines on ${address}: port ${ports.mqtt} (devices, MQTT), ${ports.https} (devices and services, HTTPS), ${ports.people} (people: the web app and its API)`,
  ];
}
