import type { Cancel } from '#base/clock.ts';
import { ExpiringMap } from '#base/expiring-map.ts';
import { minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { DeviceModel } from '../templates/device-model.ts';
import type { IngestBatch } from './data-engine.ts';

export type ModelOf = (deviceId: string) => Promise<DeviceModel | undefined>;

/** Whoever knows which template a device has. */
export type ModelSource = {
  readonly modelOf: ModelOf;
  /** Calls `listener` after a device got another template, or lost the one it had. */
  onModelChange(listener: (deviceId: string) => void): Cancel;
};

/** How long an answer is kept; a change is told at once. */
const knownMs = 10 * minuteMs;
const devicesMax = 100_000;

/** Templates of devices for the engine: asked for once, and sent once, until they change. */
export class ModelFeed {
  readonly #modelOf: ModelOf;
  /** 'none': a device without a template, or one that is not of the application. */
  readonly #known: ExpiringMap<string, DeviceModel | 'none'>;
  /** Templates by their text, since each question may be answered with another object. */
  readonly #numbers = new Map<string, number>();
  readonly #numbersOfObjects = new WeakMap<DeviceModel, number>();
  readonly #sentModels = new Set<number>();
  readonly #sentAssignments: ExpiringMap<string, number | 'none'>;
  /** Counts changes: an answer that was on its way while one happened is not kept. */
  #changes = 0;

  constructor(platform: Platform, modelOf: ModelOf) {
    this.#modelOf = modelOf;
    this.#known = new ExpiringMap(platform.clock, { lifeMs: knownMs, sizeMax: devicesMax });
    // An assignment that is forgotten here is sent again, which does no harm.
    this.#sentAssignments = new ExpiringMap(platform.clock, { lifeMs: 10 * minuteMs, sizeMax: devicesMax });
  }

  /** The device's template changed. */
  forget(deviceId: string): void {
    this.#changes++;
    this.#known.delete(deviceId);
  }

  /** What the engine has to be told before a batch with messages of these devices; `markSent` once it took it. */
  async newsFor(deviceIds: Iterable<string>): Promise<Pick<IngestBatch, 'models' | 'assignments'> & { markSent(): void }> {
    const models = new Map<number, DeviceModel>();
    const assignments: [string, number | undefined][] = [];
    for (const deviceId of deviceIds) {
      // Only a question is awaited: a batch may hold messages of thousands of devices.
      const known = this.#known.get(deviceId) ?? (await this.#ask(deviceId));
      const model = known === 'none' ? undefined : known;
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

  async #ask(deviceId: string): Promise<DeviceModel | 'none'> {
    const changes = this.#changes;
    const model = (await this.#modelOf(deviceId)) ?? 'none';
    if (changes === this.#changes) this.#known.set(deviceId, model);
    return model;
  }

  #numberOf(model: DeviceModel): number {
    const known = this.#numbersOfObjects.get(model);
    if (known !== undefined) return known;
    const text = JSON.stringify(model);
    const number = this.#numbers.get(text) ?? this.#numbers.size + 1;
    this.#numbers.set(text, number);
    this.#numbersOfObjects.set(model, number);
    return number;
  }
}
