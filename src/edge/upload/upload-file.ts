import { isJsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { encodePercent } from '#wire/azure/percent.ts';
import { loadBridgeSettings } from '../bridge/bridge-settings.ts';
import { loadRoots } from '../bridge/load-roots.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Uploads a file to the hub and resolves with the name that it has there. */
export type UploadFile = (name: string, content: Buffer, signal: AbortSignal) => Promise<string>;

/** The hub's answer names where the file goes (hub-device-protocol.md 7). */
type Ticket = Readonly<Record<'correlationId' | 'hostName' | 'containerName' | 'blobName' | 'sasToken', string>>;

const apiVersion = '2021-04-12';
const answerBytesMax = 64 * 1024;
const pemBytesMax = 160 * 1024;
const requestMsMax = 60_000;
/** A device on a slow line: eight mebibytes at 16 kB a second. */
const contentMsMax = 10 * 60_000;

/**
 * The hub's own file upload, by the certificate by which the device connects: ask where to, write there, say how it went. Settings and files are read each
 * time, since they may have been renewed.
 */
export function uploadFile(platform: Platform, settings: TedgeSettings): UploadFile {
  return async (name, content, signal) => {
    // Few devices upload a file in their first hours.
    const { askHttps } = await import('../host/https.ts');
    const { host, deviceId, certificatePath, keyPath, rootsPath } = await loadBridgeSettings(settings);
    const [certificatePem, keyPem, roots] = await Promise.all([readPem(certificatePath), readPem(keyPath), loadRoots(rootsPath)]);
    const base = `https://${host.includes(':') ? `[${host}]` : host}:${Number(settings.load('az.https.port'))}`;
    const common = { roots, answerBytesMax, signal };
    const tell = async (path: string, value: Readonly<Record<string, string | number | boolean>>) => {
      const answer = await askHttps(platform, {
        ...common,
        url: `${base}/devices/${encodePercent(deviceId)}/${path}?api-version=${apiVersion}`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(value)),
        identity: { certificatePem, keyPem },
        timeoutMs: requestMsMax,
      });
      if (answer.status >= 300)
        throw new Problem('unavailable', `The hub refused the upload of a file with status ${answer.status}.`);
      return answer.body;
    };
    const ticket = readTicket(await tell('files', { blobName: name.replace(/[^A-Za-z0-9._/-]+/g, '_') }));
    const { correlationId, hostName, containerName, blobName, sasToken } = ticket;
    let status = 0;
    try {
      const answer = await askHttps(platform, {
        ...common,
        url: `https://${hostName}/${encodePercent(containerName)}/${blobName.split('/').map(encodePercent).join('/')}${sasToken}`,
        method: 'PUT',
        headers: { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'application/octet-stream' },
        body: content,
        timeoutMs: contentMsMax,
      });
      ({ status } = answer);
    } finally {
      // Also of a failure: it gives the place of the upload back.
      const isSuccess = status === 201;
      await tell('files/notifications', { correlationId, isSuccess, statusCode: status, statusDescription: '' }).catch(
        (error: unknown) => {
          if (isSuccess) throw error;
        },
      );
    }
    if (status !== 201) throw new Problem('unavailable', `${hostName} refused the file with status ${status}.`);
    return blobName;
  };
}

function readTicket(bytes: Buffer): Ticket {
  const value = parseJson(bytes);
  const member = (name: keyof Ticket) => {
    const text = isJsonObject(value) ? value[name] : undefined;
    if (typeof text === 'string' && text !== '') return text;
    throw new Problem('device-reply-invalid', `The hub's answer has no ${name}.`);
  };
  return {
    correlationId: member('correlationId'),
    hostName: member('hostName'),
    containerName: member('containerName'),
    blobName: member('blobName'),
    sasToken: member('sasToken'),
  };
}

async function readPem(path: string): Promise<string> {
  const bytes = await readSmallFile(path, pemBytesMax);
  if (!bytes) throw new Problem('not-found', `There is no ${path}.`);
  return bytes.toString('latin1');
}
