import { quoteEtag } from '#base/etag.ts';
import type { JsonObject } from '#base/json.ts';
import { asProblem } from '#base/problem.ts';
import type { Twin } from '../twins/twin.ts';
import type { Twins } from '../twins/twins.ts';
import { formatDigitalTwin } from './digital-twin.ts';
import { type DigitalTwinChange, desiredPatchOf } from './digital-twin-patch.ts';

/** How often a change is tried anew on a twin that changed while it was worked out. */
const attemptsMax = 5;

export type DigitalTwins = {
  /** Throws Problem `device-not-found`. */
  load(deviceId: string): Promise<{ json: JsonObject; etag: string }>;
  /**
   * Applies a JSON Patch to what the device shall become; the device is told as of any desired properties. Answers the
   * new etag. Throws Problem `device-not-found`, `precondition-failed`, `twin-invalid` or `argument-invalid`.
   */
  update(deviceId: string, changes: readonly DigitalTwinChange[], ifMatch: string | undefined): Promise<string>;
};

/** Twins in the words of their models: a view, kept nowhere. */
export function openDigitalTwins(twins: Pick<Twins, 'load' | 'patchOwned'>): DigitalTwins {
  return {
    async load(deviceId) {
      const twin = await twins.load(deviceId);
      return { json: formatDigitalTwin(twin), etag: twin.etag };
    },
    async update(deviceId, changes, ifMatch) {
      const isAnyTag = ifMatch === undefined || ifMatch === '*' || ifMatch === '"*"';
      for (let attempt = 1; ; attempt++) {
        const twin: Twin = await twins.load(deviceId);
        const desired = desiredPatchOf(twin, changes);
        try {
          return (await twins.patchOwned(deviceId, { desired }, isAnyTag ? quoteEtag(twin.etag) : ifMatch)).etag;
        } catch (error) {
          if (!isAnyTag || attempt >= attemptsMax || asProblem(error).code !== 'precondition-failed') throw error;
        }
      }
    },
  };
}
