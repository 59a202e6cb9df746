import { ExpiringMap } from '#base/expiring-map.ts';
import { minuteMs, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import type { IngestBatch } from './data-engine.ts';

export type ModelOf = (deviceId: string) => Promise<DeviceModel | undefined>;

/** How long a device's template is believed; a device without one gets one soon after its first connect. */
const knownMs = 5 * secondMs;
const unknownMs = secondMs / 4;
const devicesMax = 100_000;

/** Templates of devices for the engine: asked for now and then, and sent once. */
export class ModelFeed {
  readonly #modelOf: ModelOf;
  readonly #known: ExpiringMap<string, DeviceModel>;
  readonly #unknown: ExpiringMap<string, true>;
  /** Templates by their text, since each question may be answered with another object. */
  readonly #numbers = new Map<string, number>();
  readonly #sentModels = new Set<number>();
  readonly #sentAssignments: ExpiringMap<string, number | 'none'>;

  constructor(platform: Platform, modelOf: ModelOf) {
    this.#modelOf = modelOf;
    this.#known = new ExpiringMap(platform.clock, { lifeMs: knownMs, sizeMax: devicesMax });
    this.#unknown = new ExpiringMap(platform.clock, { lifeMs: unknownMs, sizeMax: devicesMax });
    // An assignment that is forgotten here is sent again, which does no harm.
    this.#sentAssignments = new ExpiringMap(platform.clock, { lifeMs: 10 * minuteMs, sizeMax: devicesMax });
  }

  async modelOf(deviceId: string): Promise<DeviceModel | undefined> {
    const known = this.#known.get(deviceId);
    if (known || this.#unknown.get(deviceId)) return known;
    const model = await this.#modelOf(deviceId);
    if (model) this.#known.set(deviceId, model);
    else this.#unknown.set(deviceId, true);
    return model;
  }

  /** What the engine has to be told before a batch with messages of these devices; `markSent` once it took it. */
  async newsFor(deviceIds: Iterable<string>): Promise<Pick<IngestBatch, 'models' | 'assignments'> & { markSent(): void }> {
    const models = new Map<number, DeviceModel>();
    const assignments: [string, number | undefined][] = [];
    for (const deviceId of deviceIds) {
      const model = await this.modelOf(deviceId);
      const number = model && this.#numberOf(model);
      if (this.#sentAssignments.get(deviceId) === (number ?? 'none')) continue;
      assignments.push([deviceId, number]);
      if (model && number !== undefined && !this.#sentModels.has(number)) models.set(number, model);
    }
    const markSent = () => {
      for (const number of models.keys()) this.#sentModels.add(number);
      for (const [deviceId, number] of assignments) this.#sentAssignments.set(deviceId, number ?? 'none');
    };
    return { models: [...models], assignments, markSent };
  }

  #numberOf(model: DeviceModel): number {
    const text = JSON.stringify(model);
    const number = this.#numbers.get(text) ?? this.#numbers.size + 1;
    this.#numbers.set(text, number);
    return number;
  }
}
