import type { Instant } from '#base/instant.ts';
import type { FileStore } from '#storage/file-store.ts';
import { formatBlobPath } from '#wire/azure/blob-name.ts';
import { type BlobKey, formatBlobSas } from '#wire/azure/blob-sas.ts';

/** Where the files of a hub's devices go: a container of our own file store, or of a storage account elsewhere. */
export type UploadTarget = {
  /** As clients dial it: a name and, where it is not 443, a port. */
  readonly hostName: string;
  readonly containerName: string;
  /** What lets its holder write and read this blob until then: a query that begins with `?`. */
  sign(blobName: string, expiresAt: Instant): string;
  /** Undefined when it is not there. */
  measure(blobName: string): Promise<{ readonly bytes: number; readonly modifiedAt: Instant } | undefined>;
};

/** Our own store. The host name is asked for late: ports are known once they are bound. */
export function ownTarget(
  store: Pick<FileStore, 'load'>,
  key: BlobKey,
  where: { readonly containerName: string; hostName(): string },
): UploadTarget {
  const { containerName } = where;
  return {
    get hostName() {
      return where.hostName();
    },
    containerName,
    sign: (name, expiresAt) => signUpload(key, { container: containerName, name }, expiresAt),
    measure: (name) => store.load({ container: containerName, name }),
  };
}

/** As the cloud allows it: the device may write its blob, and read what it wrote. */
export function signUpload(key: BlobKey, address: { container: string; name: string }, expiresAt: Instant): string {
  return formatBlobSas(key, address, { permissions: 'rw', expiresAt });
}

export function blobUriOf({ hostName, containerName }: UploadTarget, blobName: string): string {
  return `https://${hostName}${formatBlobPath({ container: containerName, name: blobName })}`;
}
