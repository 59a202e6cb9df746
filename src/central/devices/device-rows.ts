import type { Instant } from '#base/instant.ts';
import type { Templates } from '../templates/templates.ts';
import { type Device, type DeviceStatus, statusOf } from './device.ts';

/** A device as a list shows it: Central's row, its template's name, and whether the hub has it connected. */
export type DeviceView = {
  readonly device: Device;
  readonly status: DeviceStatus;
  readonly template?: { readonly id: string; readonly displayName: string };
  readonly templateHint?: string;
  readonly isConnected: boolean;
  readonly lastSeenAt?: Instant;
};

/** Joins what several rooms know of a device. */
export class DeviceRows {
  readonly #templates: Templates;
  readonly #isConnected: (deviceId: string) => boolean;
  readonly #lastSeenAt: (deviceId: string) => Instant | undefined;

  constructor(options: {
    templates: Templates;
    isConnected(deviceId: string): boolean;
    /** What is known since the start, newer than what is stored. */
    lastSeenAt(deviceId: string): Instant | undefined;
  }) {
    this.#templates = options.templates;
    this.#isConnected = options.isConnected;
    this.#lastSeenAt = options.lastSeenAt;
  }

  async view(device: Device): Promise<DeviceView> {
    const template = device.templateId === undefined ? undefined : await this.#templates.load(device.templateId);
    const lastSeenAt = this.#lastSeenAt(device.deviceId) ?? device.lastSeenAt;
    return {
      device,
      status: statusOf(device),
      ...(template ? { template: { id: template.templateId, displayName: template.displayName } } : {}),
      ...(device.templateId === undefined && device.modelId !== undefined
        ? { templateHint: await this.#templates.hintFor(device.modelId) }
        : {}),
      isConnected: device.isProvisioned && this.#isConnected(device.deviceId),
      ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
    };
  }
}
