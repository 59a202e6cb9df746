import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { accountTarget } from '#hub/files/account-target.ts';
import type { FileSettings } from '#hub/files/limits.ts';
import { ownTarget, type UploadTarget } from '#hub/files/upload-target.ts';
import { blobHttp } from '#hub/surface/blob-http.ts';
import { ownContainer } from '#hub/transfers/own-container.ts';
import type { TransferFiles } from '#hub/transfers/transfer.ts';
import type { ListenerLimits } from '#listeners/limits.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import type { Database } from '#storage/database.ts';
import { FileStore } from '#storage/file-store.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import { isContainerName } from '#wire/azure/blob-name.ts';
import type { BlobKey } from '#wire/azure/blob-sas.ts';
import { parseStorageConnectionString, type StorageAccount } from '#wire/azure/storage-account.ts';
import type { ServerSettings } from './config.ts';
import { fileLimitsOf, fileSettingsOf } from './file-settings.ts';
import { StartRefused } from './start-refused.ts';

export type FileServiceOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly secrets: SecretStore;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly outgoing: Pick<Outgoing, 'head'>;
};

/** Where devices’ files are, for the parts that the composition root joins. */
export type FileService = {
  readonly store: FileStore;
  /** Serves files, unless they go elsewhere. */
  readonly http: HttpSurface | undefined;
  readonly key: BlobKey;
  containerOf(hub: string): string;
  /** Where files of routed events are, in which no device has a say. */
  eventsContainerOf(hub: string): string;
  of(hub: string): { readonly settings: FileSettings; readonly target: UploadTarget; readonly transfers: TransferFiles };
  /** Where clients reach `http`: a name and, where it is not 443, a port. */
  hostName: string;
};

const eventsContainer = 'events';

/** Throws StartRefused for settings that cannot be. */
export async function openFileService(options: FileServiceOptions): Promise<FileService> {
  const { platform, database, settings, secrets, refusals, outgoing } = options;
  const account = await loadAccount(settings['files.azureConnectionStringFile']);
  const base = settings['files.containerName'];
  // The longest name of a hub has 50 characters, and a hyphen stands before it.
  if (!isContainerName(base) || base.length > 12) {
    throw new StartRefused('files.containerName is no name of a container.', {
      why: 'It has 3 to 12 lower-case letters, digits and hyphens, with no hyphen at either end.',
    });
  }
  if (base === eventsContainer) {
    throw new StartRefused('files.containerName is the name of the container of routed events.', {
      why: 'Devices would write where they must not.',
    });
  }
  const directory = join(options.directory, 'files');
  const store = await FileStore.open({ platform, database, directory, limits: fileLimitsOf(settings) });
  const key = { account: 'homeport', key: await secrets.loadOrCreate('files:key', () => platform.random.bytes(64)) };
  const fileSettings = fileSettingsOf(settings);
  // As every refusal at a hub: what a name begins with is the device's id, and equal ids at two hubs are two devices.
  const subjectOf = ({ container, name }: { container: string; name: string }) => {
    const deviceId = name.split('/', 1)[0] ?? '';
    return container.startsWith(`${base}-`) ? `${container.slice(base.length + 1)}//${deviceId}` : deviceId;
  };
  const service: FileService = {
    store,
    http: account ? undefined : blobHttp({ platform, store, key, refusals, subjectOf }),
    key,
    hostName: '',
    eventsContainerOf: (hub) => `${eventsContainer}-${hub}`,
    containerOf: (hub) => (hub === 'main' ? base : `${base}-${hub}`),
    of(hub) {
      const containerName = service.containerOf(hub);
      const target = account
        ? accountTarget(platform, account, containerName, outgoing)
        : ownTarget(store, key, { containerName, hostName: () => service.hostName });
      const transfers = ownContainer(store, { containerName, hostName: () => service.hostName });
      return { settings: fileSettings, target, transfers };
    },
  };
  return service;
}

/** A file may take its time, as long as it moves; Node's SDK gives up after half an hour. */
export function fileListenerLimits(limits: ListenerLimits): ListenerLimits {
  return {
    ...limits,
    httpRequestMsMax: Math.max(limits.httpRequestMsMax, 30 * minuteMs),
    httpAnswerMsMax: Math.max(limits.httpAnswerMsMax, 30 * minuteMs),
  };
}

async function loadAccount(path: string): Promise<StorageAccount | undefined> {
  if (path === '') return undefined;
  try {
    return parseStorageConnectionString(await readFile(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Problem ? error.message : 'The file could not be read.';
    throw new StartRefused('files.azureConnectionStringFile names no connection string of a storage account.', { why });
  }
}
