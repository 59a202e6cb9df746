import type { RevocationLists } from '#authorities/revocation-lists.ts';
import type { RevocationSources } from '#authorities/revocation-sources.ts';
import type { Concern } from '#base/health.ts';
import { healthOf } from '#base/health.ts';
import { dayMs, formatInstant, type Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { HubDirectory } from '#hub/hub.ts';
import type { ServerIdentity } from '#listeners/tls-options.ts';
import { parseCertificate } from '#pki/certificate.ts';
import { parseCertificateFile } from '#pki/pem.ts';
import type { Database } from '#storage/database.ts';
import { probeDatabase } from '#storage/probe-database.ts';
import { type Disk, readDisk } from './process-metrics.ts';

const mebibyte = 1024 ** 2;
/** Below both a share and a size: a share alone would warn of a large disk, a size alone of every small one. */
const freeShareMin = 0.1;
const freeBytesMin = 10 * 1024 * mebibyte;
/** Where the log stops soon: less than some segments of it. */
const freeBytesLast = 512 * mebibyte;
/** Time enough to ask somebody for a certificate. */
const certificateDaysMin = 30;

export type WatchedServer = {
  readonly platform: Platform;
  readonly directory: string;
  readonly database: Database;
  readonly hubs: Pick<HubDirectory, 'list'>;
  readonly revocationLists: Pick<RevocationLists, 'list' | 'hasEnded'>;
  readonly revocationSources: Pick<RevocationSources, 'list'>;
  /** What the listeners present now. */
  identity(): ServerIdentity;
  /** For tests: how much room there is. */
  readonly readDisk?: (directory: string) => Promise<Disk>;
};

/** Says how it is seen that the server as a whole is in trouble; its parts speak for themselves. */
export function watchServer(server: WatchedServer): void {
  const { platform, database } = server;
  const health = healthOf(platform);
  health.watch('disk', () => diskConcerns(server));
  health.watch('database', () => probeDatabase(platform.clock, database));
  health.watch('certificates', () => certificateConcerns(server));
  health.watch('revocation', () => revocationConcerns(server));
  health.watch('clock', () => clockConcerns(platform));
}

async function diskConcerns({ directory, readDisk: read = readDisk }: WatchedServer): Promise<Concern[]> {
  const { freeBytes, bytes } = await read(directory);
  if (freeBytes >= freeBytesMin || freeBytes >= bytes * freeShareMin) return [];
  const says = `The disk of ${directory} has ${Math.floor(freeBytes / mebibyte)} MiB left of ${Math.floor(bytes / mebibyte)}.`;
  const fix = 'Make room, or keep less: events.retentionBytes and events.retentionDays.';
  return [{ part: 'disk', state: freeBytes < freeBytesLast ? 'failed' : 'degraded', says, fix }];
}

async function certificateConcerns({ platform, hubs, identity }: WatchedServer): Promise<Concern[]> {
  const now = platform.clock.now();
  const { rsa, ca } = identity();
  const concerns = [
    ...endOf(now, 'The server’s own certificate', notAfterOf(rsa.certificate), 'Restart the server: it makes itself a new one.'),
    ...endOf(
      now,
      'The CA that clients of this server trust',
      notAfterOf(ca),
      'Move ca/ out of the data directory, restart, and give every client the new CA.',
    ),
  ];
  for (const hub of hubs.list()) {
    for (const { certificateId, isVerified, notAfter } of await hub.authorities.list()) {
      if (!isVerified) continue;
      const what = `The CA certificate ${certificateId} of the hub ${hub.name}`;
      concerns.push(...endOf(now, what, notAfter, 'Upload its successor and move its devices below that.'));
    }
  }
  return concerns;
}

function notAfterOf(pem: string): Instant {
  return parseCertificate(parseCertificateFile(Buffer.from(pem))).notAfter;
}

function endOf(now: Instant, what: string, notAfter: Instant, fix: string): Concern[] {
  const days = Math.floor((notAfter - now) / dayMs);
  if (days >= certificateDaysMin) return [];
  if (notAfter <= now)
    return [{ part: 'certificates', state: 'failed', says: `${what} ended on ${formatInstant(notAfter)}.`, fix }];
  return [{ part: 'certificates', state: 'degraded', says: `${what} ends in ${days} days, on ${formatInstant(notAfter)}.`, fix }];
}

function revocationConcerns({ revocationLists, revocationSources }: WatchedServer): Concern[] {
  const ended = revocationLists
    .list()
    .filter((list) => revocationLists.hasEnded(list))
    .map(({ signer }): Concern => {
      const says = `The revocation list of ${signer.subject} is past its nextUpdate.`;
      return { part: 'revocation', state: 'degraded', says, fix: 'Upload the next list with homeport crl upload, or follow it.' };
    });
  const failing = revocationSources
    .list()
    .filter(({ failure }) => failure !== undefined)
    .map(({ caSha256, failure }): Concern => {
      const says = `The revocation list of the CA ${caSha256.slice(0, 16)}… could not be fetched: ${failure}`;
      return { part: 'revocation', state: 'degraded', says, fix: 'Mend its address with homeport crl follow, or upload it.' };
    });
  return [...ended, ...failing];
}

function clockConcerns({ clock }: Platform): Concern[] {
  const seconds = Math.round((clock.offsetMs ?? 0) / 1000);
  if (seconds === 0) return [];
  const says = `The clock was moved by ${seconds} s: this data directory is for development.`;
  return [{ part: 'clock', state: 'degraded', says, fix: 'Serve real devices from a data directory of its own.' }];
}
