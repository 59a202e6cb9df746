import { type Instant, instant, minuteMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import { formatBlobPath } from '#wire/azure/blob-name.ts';
import { formatBlobSas } from '#wire/azure/blob-sas.ts';
import type { StorageAccount } from '#wire/azure/storage-account.ts';
import { signUpload, type UploadTarget } from './upload-target.ts';

/**
 * A container of a storage account elsewhere. We hold its key and sign for one blob at a time; the files themselves go
 * from the devices to the account. The account reads its own clock, so what is signed ends by the real one.
 */
export function accountTarget(
  { clock }: Pick<Platform, 'clock'>,
  account: StorageAccount,
  containerName: string,
  outgoing: Pick<Outgoing, 'head'>,
): UploadTarget {
  const { hostName } = account;
  const realTime = (at: Instant) => plus(at, -(clock.offsetMs ?? 0));
  return {
    hostName,
    containerName,
    sign: (name, expiresAt) => signUpload(account, { container: containerName, name }, realTime(expiresAt)),
    async measure(name) {
      const address = { container: containerName, name };
      const expiresAt = plus(realTime(clock.now()), minuteMs);
      const sas = formatBlobSas(account, address, { permissions: 'r', expiresAt });
      const { status, headers } = await outgoing.head(new Secret(`https://${hostName}${formatBlobPath(address)}${sas}`));
      if (status === 404) return undefined;
      const bytes = Number(headers['content-length']);
      const modifiedAt = Date.parse(headers['last-modified'] ?? '');
      if (status !== 200 || !Number.isSafeInteger(bytes) || Number.isNaN(modifiedAt)) {
        throw new Problem('unavailable', `The storage account answered ${status} when it was asked for the file.`);
      }
      return { bytes, modifiedAt: instant(modifiedAt) };
    },
  };
}
