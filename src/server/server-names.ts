import type { ServerSettings } from './config.ts';
import { StartRefused } from './start-refused.ts';

export type ServerNames = {
  /** What others are told to dial. */
  readonly hostName: string;
  /** Every name and address that the server's certificate has, those of added hubs left out. */
  readonly all: readonly string[];
  /** The name that files have for themselves; empty when they have a port instead. */
  readonly files: string;
};

/** What the server is called. Throws StartRefused where files share a name with anything else: pages could be made of them. */
export function serverNames(settings: ServerSettings): ServerNames {
  const address = settings['listeners.address'];
  const configured = settings['listeners.hostNames'];
  const files = settings['files.hostName'];
  if (files !== '' && (files === 'localhost' || configured.some((name) => name.toLowerCase() === files.toLowerCase()))) {
    throw new StartRefused(`files.hostName is ${files}, which is a name of the server itself.`, {
      fix: 'Give files a name of their own, or leave it out: then they have a port of their own.',
    });
  }
  const hostName = configured[0] ?? (isOrdinary(address) ? 'localhost' : address);
  const all = [...new Set([...configured, hostName, 'localhost', address, files])].filter(
    (name) => name !== '' && !isWildcard(name),
  );
  return { hostName, all, files };
}

export function urlOf(host: string, port: number): string {
  return `https://${host.includes(':') ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`;
}

/** What `localhost` leads to, or includes it. */
function isOrdinary(address: string): boolean {
  return ['127.0.0.1', '::1', 'localhost'].includes(address) || isWildcard(address);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
