import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Device } from '../devices/device.ts';
import type { Devices } from '../devices/devices.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import { fitsSchema } from './fits-schema.ts';
import { type PropertyView, type TwinView, viewProperties } from './property-rows.ts';

/** The hub's twins. */
export type Twins = Pick<Hub['twins'], 'load' | 'patchDesired'>;

/** Properties of a device: what its twin says, read through its template. */
export class Properties {
  readonly #devices: Devices;
  readonly #twins: Twins;

  constructor(devices: Devices, twins: Twins) {
    this.#devices = devices;
    this.#twins = twins;
  }

  /** In the template's order. A device that was never provisioned has no twin; its properties are all unset. */
  async list(deviceId: string): Promise<PropertyView[]> {
    const device = await this.#devices.require(deviceId);
    return viewProperties(await this.#loadTwin(device), await this.#devices.modelOf(device.deviceId));
  }

  /**
   * Asks the device for new values; `null` withdraws what was asked. With `replace`, what was asked
   * before and is not named now is withdrawn too. Throws Problem `argument-invalid` for a name the
   * template does not know as writable, or a value that does not fit, and then changes nothing.
   */
  async set(_caller: UserCaller, deviceId: string, values: JsonObject, options: { replace: boolean }): Promise<PropertyView[]> {
    const device = await this.#devices.require(deviceId);
    const model = await this.#devices.modelOf(device.deviceId);
    if (!model) throw new Problem('conflict', 'The device has no template, so no property of it is known to be writable.');
    const patch = desiredPatch(model, values);
    if (options.replace) {
      const twin = await this.#loadTwin(device);
      for (const { name, writable } of model.properties) {
        if (writable && !Object.hasOwn(patch, name) && Object.hasOwn(twin.desired, name)) patch[name] = null;
      }
    }
    if (!device.isProvisioned)
      throw new Problem('conflict', 'The device was never provisioned; it has no properties to set yet.');
    return viewProperties(await this.#twins.patchDesired(device.deviceId, patch), model);
  }

  async #loadTwin(device: Device): Promise<TwinView> {
    if (!device.isProvisioned) return emptyTwin;
    try {
      return await this.#twins.load(device.deviceId);
    } catch (error) {
      // Provisioned a moment ago: the hub is about to make the identity.
      if (error instanceof Problem && error.code === 'device-not-found') return emptyTwin;
      throw error;
    }
  }
}

const emptyTwin: TwinView = {
  desired: {},
  reported: {},
  desiredVersion: 1,
  desiredMetadata: { members: {} },
  reportedMetadata: { members: {} },
};

/** `values` as a patch of the twin's desired properties, each in the form its device reads. */
function desiredPatch(model: DeviceModel, values: JsonObject): JsonObject {
  const complaints: string[] = [];
  const patch: JsonObject = {};
  for (const [name, value] of Object.entries(values)) {
    // What GET returned may be sent back.
    if (name === '$metadata') continue;
    const property = model.properties.find((candidate) => candidate.name === name);
    if (!property) complaints.push(`${name}: the template has no such property`);
    else if (!property.writable) complaints.push(`${name}: the property is not writable`);
    else if (value !== null && !fitsSchema(value, property.schema))
      complaints.push(`${name}: the value is no ${property.schema}`);
    else patch[name] = property.desiredIsWrapped && value !== null ? { value } : value;
  }
  if (complaints.length === 0) return patch;
  throw new Problem('argument-invalid', `${complaints.join('; ')}.`, { reason: 'InvalidBody' });
}

/** The public API's form: values by name, and beside them what is known of each (central.md 4.5). */
export function formatProperties(
  views: readonly PropertyView[],
  formatAt: (at: NonNullable<PropertyView['updatedAt']>) => string,
): JsonObject {
  const values: [string, Json][] = [];
  const metadata: [string, Json][] = [];
  for (const view of views) {
    const { name } = view.capability;
    const value = view.reported ?? view.desired;
    if (value === undefined) continue;
    values.push([name, value]);
    metadata.push([
      name,
      {
        ...(view.desired === undefined ? {} : { desiredValue: view.desired }),
        ...(view.desiredVersion === undefined ? {} : { desiredVersion: view.desiredVersion }),
        ...(view.updatedAt === undefined ? {} : { lastUpdateTime: formatAt(view.updatedAt) }),
        ...(view.acknowledgement === undefined
          ? {}
          : {
              ackCode: view.acknowledgement.code,
              ackVersion: view.acknowledgement.version,
              ...(view.acknowledgement.description === undefined ? {} : { ackDescription: view.acknowledgement.description }),
            }),
      },
    ]);
  }
  return Object.fromEntries([...values, ['$metadata', Object.fromEntries(metadata)] as const]);
}

/** A patch from outside must be an object of names and values. */
export function requireValues(body: Json): JsonObject {
  if (isJsonObject(body)) return body;
  throw new Problem('argument-invalid', 'The body must be an object of property names and values.', { reason: 'InvalidBody' });
}
