import { secondMs } from '#base/instant.ts';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { encodePercent } from '#wire/azure/percent.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { loadBridgeSettings } from '../bridge/bridge-settings.ts';
import { KnownTime } from '../reach/known-time.ts';
import { loadReach, type Reach } from '../reach/reach.ts';
import { type HubAccess, openHubFinder } from '../registration/hub-finder.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Uploads a file to the hub and resolves with the name that it has there. */
export type UploadFile = (name: string, content: Buffer, signal: AbortSignal) => Promise<string>;

/** The hub's answer names where the file goes (hub-device-protocol.md 7). */
type Ticket = Readonly<Record<'correlationId' | 'hostName' | 'containerName' | 'blobName' | 'sasToken', string>>;

const apiVersion = '2021-04-12';
const answerBytesMax = 64 * 1024;
const requestMsMax = 60_000;
/** A device on a slow line: eight mebibytes at 16 kB a second. */
const contentMsMax = 10 * 60_000;
const tokenSeconds = 600;

/**
 * The hub's own file upload, signed in as the bridge is: ask where to, write there, say how it went. Settings and files are read each
 * time, since they may have been renewed.
 */
export function uploadFile(platform: Platform, settings: TedgeSettings): UploadFile {
  return async (name, content, signal) => {
    // Few devices upload a file in their first hours.
    const { askHttps } = await import('../reach/https.ts');
    const { reach, access, httpsPort } = await findHub(platform, settings, signal);
    const { host, deviceId, credential } = access;
    const base = `https://${host.includes(':') ? `[${host}]` : host}:${httpsPort}/devices/${encodePercent(deviceId)}`;
    const world = { clock: platform.clock, reach };
    const tell = async (path: string, value: Readonly<Record<string, string | number | boolean>>) => {
      const answer = await askHttps(world, {
        ...{ answerBytesMax, signal, method: 'POST', timeoutMs: requestMsMax },
        url: `${base}/${path}?api-version=${apiVersion}`,
        headers: { 'content-type': 'application/json', ...authorizationOf(access, reach) },
        body: Buffer.from(JSON.stringify(value)),
        identity: credential.kind === 'certificate' ? credential.identity : undefined,
      });
      if (answer.status >= 300)
        throw new Problem('unavailable', `The hub refused the upload of a file with status ${answer.status}.`);
      return answer.body;
    };
    const ticket = readTicket(await tell('files', { blobName: name.replace(/[^A-Za-z0-9._/-]+/g, '_') }));
    const { correlationId, hostName, containerName, blobName, sasToken } = ticket;
    let status = 0;
    try {
      const answer = await askHttps(world, {
        ...{ answerBytesMax, signal, method: 'PUT', timeoutMs: contentMsMax },
        url: `https://${hostName}/${encodePercent(containerName)}/${blobName.split('/').map(encodePercent).join('/')}${sasToken}`,
        headers: { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'application/octet-stream' },
        body: content,
        // A hub may have its files elsewhere.
        isPublic: true,
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

/** The hub that the bridge talks to: by the settings, or as DPS assigned it. */
async function findHub(platform: Platform, settings: TedgeSettings, signal: AbortSignal) {
  const { credential, dps, httpsPort, host, port, deviceId } = await loadBridgeSettings(settings);
  const directory = settings.path('data.path');
  const reach = loadReach(settings, await KnownTime.open(platform, directory));
  const finder = openHubFinder(platform, {
    reach,
    credential,
    httpsPort,
    hub: dps ? { dps, directory } : { host, port, deviceId },
  });
  return { reach, httpsPort, access: await finder.find(signal) };
}

/** Who has a certificate shows it in the handshake. */
function authorizationOf({ host, deviceId, credential }: HubAccess, reach: Reach): Readonly<Record<string, string>> {
  if (credential.kind === 'certificate') return {};
  const expirySeconds = Math.ceil(reach.time.now() / secondMs) + tokenSeconds;
  return { authorization: formatSasToken({ resource: `${host}/devices/${deviceId}`, key: credential.key, expirySeconds }) };
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
