import type { Json, JsonObject } from '#base/json.ts';

/** A device whose credential was accepted, on its way to a hub. */
export type AllocationRequest = {
  readonly registrationId: string;
  /** None when the device has an enrollment of its own. */
  readonly enrollmentGroupId: string | undefined;
  /** What the device sent along, parsed when it was a text that holds a JSON object, as Java's SDK sends it. */
  readonly payload: Json | undefined;
  /** The certificate that was accepted, DER; none of a device that came in by key. */
  readonly leafDer: Buffer | undefined;
};

/** `wait`: not decided yet, the device is told to poll again. */
export type Allocation =
  | {
      readonly outcome: 'assign';
      /** The registration id unless another is wanted. */
      readonly deviceId?: string;
      readonly initialTwin?: { readonly tags?: JsonObject; readonly desired?: JsonObject };
      /** Handed to the device with the assignment. */
      readonly payload?: JsonObject;
    }
  | { readonly outcome: 'wait' }
  | { readonly outcome: 'refuse'; readonly code: number; readonly message: string };

/** Decides whether and as what a device is assigned; Central is one. May be asked again for the same registration. */
export type Allocator = (request: AllocationRequest) => Promise<Allocation>;

/** Everybody who proved themselves is assigned: what an instance does that nobody set an allocator for. */
export const assignAll: Allocator = async () => ({ outcome: 'assign' });
