import type { Json, JsonObject } from '#base/json.ts';
import type { AllocationSettings, InitialTwin } from './allocation-settings.ts';
import type { AskWebhook } from './custom-allocation.ts';
import { chooseHashed } from './hashed.ts';
import { candidatesOf, type LinkedHub, type LinkedHubs } from './linked-hubs.ts';

/** A device that is to get a hub. */
export type HubRequest = {
  readonly registrationId: string;
  readonly settings: AllocationSettings;
  /** The enrollment as a webhook is told of it: `enrollmentGroup` or `individualEnrollment`. */
  readonly enrollment: { readonly [kind: string]: JsonObject };
  readonly attestation: 'x509' | 'symmetricKey';
  /** Where it is now; nowhere at its first registration. */
  readonly current: { readonly hubHostName: string; readonly deviceId: string } | undefined;
  readonly payload: Json | undefined;
};

export type HubChoice =
  | { readonly outcome: 'chosen'; readonly link: LinkedHub; readonly initialTwin?: InitialTwin; readonly payload?: JsonObject }
  /** Nobody could be asked just now: the device polls again. */
  | { readonly outcome: 'wait' }
  | { readonly outcome: 'failed'; readonly errorCode: number; readonly errorMessage: string };

export type ChooseHub = (request: HubRequest) => Promise<HubChoice>;

/** dps-service-protocol.md 2.2. */
export const allocationErrors = { noHub: 400208, hubNotFound: 404210 } as const;

/** Chooses by the enrollment's policy among the hubs it allows (dps-service-protocol.md 4.4). */
export function buildChooseHub(hubs: LinkedHubs, askWebhook: AskWebhook): ChooseHub {
  return async (request) => {
    const { settings, registrationId } = request;
    const candidates = candidatesOf(hubs.list(), settings.iotHubs);
    if (candidates.length === 0) {
      return settings.iotHubs.length === 0
        ? failed(allocationErrors.noHub, 'There is no hub to assign the device to.')
        : failed(allocationErrors.hubNotFound, 'The hub that the enrollment names is not linked any more.');
    }
    if (settings.allocationPolicy === 'custom') return askWebhook(request, candidates);
    // Without a geography the nearest hub is as good as any (4.4).
    const link = settings.allocationPolicy === 'static' ? candidates[0] : chooseHashed(candidates, registrationId);
    return link ? { outcome: 'chosen', link } : failed(allocationErrors.noHub, 'There is no hub to assign the device to.');
  };
}

function failed(errorCode: number, errorMessage: string): HubChoice {
  return { outcome: 'failed', errorCode, errorMessage };
}
