import { hourMs, minuteMs, secondMs } from '#base/instant.ts';
import type { SettingFields } from '#base/settings.ts';
import type { FileSettings } from '#hub/files/limits.ts';
import { defaultFileLimits, type FileLimits } from '#storage/file-limits.ts';
import type { ServerSettings } from './config.ts';

/** Settings of file upload. */
export const fileFields = {
  'files.port': {
    kind: 'number',
    default: 8445,
    min: 0,
    max: 65535,
    describe: 'HTTPS for the files themselves: devices write them there. Nothing else is served on it.',
  },
  'files.hostName': {
    kind: 'text',
    default: '',
    describe:
      'A name that is for files alone. With it they are served on `listeners.httpsPort` under this name, for clients that take no port in a host name, and `files.port` is not opened.',
  },
  'files.containerName': {
    kind: 'text',
    default: 'uploads',
    describe: 'The container that devices write to; that of an added hub is called `{containerName}-{hub}`.',
  },
  'files.azureConnectionStringFile': {
    kind: 'text',
    default: '',
    describe:
      'A file that holds the connection string of an Azure storage account. With it devices write there and not here; the container must exist.',
  },
  'files.uploadMinutes': {
    kind: 'number',
    default: 60,
    min: 1,
    max: 24 * 60,
    describe: 'How long a device may take from asking where to write a file to saying how it went.',
  },
  'files.blobBytesMax': {
    kind: 'number',
    default: defaultFileLimits.blobBytesMax,
    min: 1024,
    max: 2 ** 40,
    describe: 'Size of one file. One request holds at most as much, and a block at most 100 MiB.',
  },
  'files.totalBytesMax': {
    kind: 'number',
    default: defaultFileLimits.totalBytesMax,
    min: 1024,
    max: 2 ** 50,
    describe: 'Size of all files of all hubs, above which a further one is refused.',
  },
  'files.countMax': {
    kind: 'number',
    default: defaultFileLimits.filesMax,
    min: 1,
    max: 1_000_000_000,
    describe: 'Number of all files, and of blocks that are not yet part of one; likewise.',
  },
  'files.blockHours': {
    kind: 'number',
    default: defaultFileLimits.blockKeptMs / hourMs,
    min: 1,
    max: 7 * 24,
    describe: 'How long a block waits to become part of a file. The cloud keeps it for a week.',
  },
  'files.notifications': {
    kind: 'flag',
    default: false,
    describe: 'Tell back ends of each uploaded file.',
  },
  'files.notificationTimeToLiveMinutes': {
    kind: 'number',
    default: 60,
    min: 1,
    max: 2 * 24 * 60,
    describe: 'How long a notification of a file waits for a reader.',
  },
  'files.notificationDeliveryCountMax': {
    kind: 'number',
    default: 10,
    min: 1,
    max: 100,
    describe: 'A notification that readers gave back more often than this is dropped.',
  },
  'files.notificationLockSeconds': {
    kind: 'number',
    default: 60,
    min: 5,
    max: 300,
    describe: 'How long a reader of a notification may take before another gets it.',
  },
} as const satisfies SettingFields;

export function fileSettingsOf(settings: ServerSettings): FileSettings {
  return {
    notifications: settings['files.notifications'],
    uploadTimeToLiveMs: settings['files.uploadMinutes'] * minuteMs,
    notificationTimeToLiveMs: settings['files.notificationTimeToLiveMinutes'] * minuteMs,
    notificationDeliveryCountMax: settings['files.notificationDeliveryCountMax'],
    notificationLockMs: settings['files.notificationLockSeconds'] * secondMs,
  };
}

export function fileLimitsOf(settings: ServerSettings): FileLimits {
  return {
    blobBytesMax: settings['files.blobBytesMax'],
    totalBytesMax: settings['files.totalBytesMax'],
    filesMax: settings['files.countMax'],
    blockKeptMs: settings['files.blockHours'] * hourMs,
  };
}
