import { parseBase64 } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import type { BlobKey } from './blob-sas.ts';

/** A storage account elsewhere: where its blobs are, and what signs for them. */
export type StorageAccount = BlobKey & {
  /** Of its blob service, with a port where it has an unusual one. */
  readonly hostName: string;
};

const lengthMax = 4_096;

/**
 * Reads `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net`, as the portal shows
 * it, with or without `BlobEndpoint`. Throws Problem `argument-invalid`, which quotes nothing of it.
 */
export function parseStorageConnectionString(text: string): StorageAccount {
  const fields = new Map<string, string>();
  for (const segment of text.length <= lengthMax ? text.trim().split(';') : []) {
    const at = segment.indexOf('=');
    if (at > 0) fields.set(segment.slice(0, at).toLowerCase(), segment.slice(at + 1));
  }
  const account = fields.get('accountname') ?? '';
  const key = parseBase64(fields.get('accountkey') ?? '');
  if (!/^[a-z0-9]{3,24}$/.test(account)) throw unusable('AccountName is missing or is none.');
  if (!key || key.length < 32) throw unusable('AccountKey is missing or is none.');
  if ((fields.get('defaultendpointsprotocol') ?? 'https').toLowerCase() !== 'https') {
    throw unusable('DefaultEndpointsProtocol must be https: devices write over nothing else.');
  }
  const suffix = fields.get('endpointsuffix') ?? 'core.windows.net';
  const endpoint = fields.get('blobendpoint') ?? `https://${account}.blob.${suffix}`;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol !== 'https:' || url.pathname !== '/' || url.search !== '') {
    throw unusable('BlobEndpoint must be https and have no path: SDKs put the container behind the host.');
  }
  return { account, key, hostName: url.host };
}

function unusable(detail: string): Problem {
  return new Problem('argument-invalid', detail);
}
