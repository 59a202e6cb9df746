import { plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { parseBlobName } from '#wire/azure/blob-name.ts';
import { IdentityQueue } from '../identity-queue.ts';
import { type FileSettings, fileLimits } from './limits.ts';
import type { FileNotifications } from './notifications.ts';
import { type Upload, UploadStore } from './upload-store.ts';
import { blobUriOf, type UploadTarget } from './upload-target.ts';

/** What a device needs to write its file. */
export type UploadTicket = {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  /** Begins with `?`. */
  readonly sasToken: string;
};

export type FileUploadsOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly hub: string;
  readonly settings: FileSettings;
  readonly notifications: Pick<FileNotifications, 'record' | 'arrived'>;
  /** Without one, devices are told that nothing is configured. */
  readonly target: UploadTarget | undefined;
};

const correlationBytes = 24;
const correlationPattern = /^[A-Za-z0-9_-]{32}$/;

/**
 * Uploads, from the device's asking where to until it says how it went (hub-device-protocol.md 7). The bytes go by
 * us to the target; what ties both ends together is the correlation id. Files stay when their device is deleted.
 */
export class FileUploads {
  readonly #options: FileUploadsOptions;
  readonly #store: UploadStore;
  readonly #queue = new IdentityQueue();

  constructor(options: FileUploadsOptions) {
    this.#options = options;
    this.#store = new UploadStore(options.database, options.hub);
  }

  /** Throws Problem `argument-invalid` for a name that no blob can have, `quota-exceeded` for one upload too many. */
  begin(caller: DeviceCaller, requestedName: string): Promise<UploadTicket> {
    const { platform, settings } = this.#options;
    const target = this.#requireTarget();
    const { deviceId } = caller;
    const blobName = this.#nameOf(deviceId, requestedName);
    return this.#queue.run(deviceId, async () => {
      const now = platform.clock.now();
      const expiresAt = plus(now, settings.uploadTimeToLiveMs);
      const correlationId = randomToken(platform.random, correlationBytes);
      const { openPerDeviceMax: openMax, expiredKeptMs } = fileLimits;
      const at = { now, forgetAt: plus(now, -expiredKeptMs), openMax };
      if (!(await this.#store.insert({ correlationId, deviceId, blobName, expiresAt }, at))) {
        throw new Problem('quota-exceeded', `A device may have ${openMax} uploads that it has not ended.`, {
          reason: 'too-many-uploads',
        });
      }
      const { hostName, containerName } = target;
      return { correlationId, hostName, containerName, blobName, sasToken: target.sign(blobName, expiresAt) };
    });
  }

  /**
   * Ends an upload; back ends hear of one that went well, where that is wanted. Throws Problem `argument-invalid` for an
   * id that cannot be one, is over, or whose file is not there, `not-found` for one that nobody has or that was ended.
   */
  async end(caller: DeviceCaller, correlationId: string, isSuccess: boolean): Promise<void> {
    const { platform, settings, notifications } = this.#options;
    const target = this.#requireTarget();
    if (!correlationPattern.test(correlationId)) {
      throw new Problem('argument-invalid', 'The correlation id is none.', { reason: 'correlation-id' });
    }
    const upload = (await this.#store.load(caller.deviceId, correlationId)) ?? unknownUpload();
    if (upload.expiresAt <= platform.clock.now()) {
      throw new Problem('argument-invalid', 'The correlation id is over; begin the upload anew.', {
        reason: 'correlation-expired',
      });
    }
    const file = isSuccess && settings.notifications ? await this.#fileOf(target, upload) : undefined;
    const isEnded = await this.#store.end(correlationId, async (transaction) => {
      if (file) await notifications.record(transaction, file);
    });
    if (!isEnded) unknownUpload();
    if (file) await notifications.arrived();
  }

  async #fileOf(target: UploadTarget, { deviceId, blobName }: Upload) {
    const blob = await target.measure(blobName);
    if (!blob) {
      throw new Problem('argument-invalid', 'There is no file under the name that was asked for.', { reason: 'no-such-blob' });
    }
    const { bytes: blobBytes, modifiedAt } = blob;
    return { deviceId, blobName, blobUri: blobUriOf(target, blobName), blobBytes, modifiedAt };
  }

  #nameOf(deviceId: string, requestedName: string): string {
    const { blobNameLengthMax } = fileLimits;
    const name = requestedName.length <= blobNameLengthMax ? parseBlobName(`${deviceId}/${requestedName}`) : undefined;
    if (name !== undefined) return name;
    throw new Problem(
      'argument-invalid',
      `A blob’s name has 1 to ${blobNameLengthMax} characters, none of them a control character, and no segment that is empty or made of dots.`,
    );
  }

  #requireTarget(): UploadTarget {
    const { target } = this.#options;
    if (target) return target;
    throw new Problem('argument-invalid', 'File upload is not configured on this hub.', { reason: 'no-upload-target' });
  }
}

function unknownUpload(): never {
  throw new Problem('not-found', 'There is no upload of this device under the correlation id.');
}
