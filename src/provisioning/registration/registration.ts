import type { Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';

/** What became of a device's last registration. */
export type Registration = {
  /** As the device spelled it. */
  readonly registrationId: string;
  /** None when the device has an enrollment of its own. */
  readonly groupId?: string;
  readonly result:
    | {
        readonly status: 'assigned';
        readonly hubHostName: string;
        readonly deviceId: string;
        readonly substatus: 'initialAssignment';
        readonly payload?: JsonObject;
      }
    | { readonly status: 'failed'; readonly errorCode: number; readonly errorMessage: string };
  /** Of the certificate it came in by; a device that came in by key has none. */
  readonly leafSha256?: string;
  readonly anchorSha256?: string;
  readonly etag: string;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

/** A registration under way; its id stays good over a restart. */
export type Operation = {
  readonly operationId: string;
  readonly registrationId: string;
  /** JSON text as the device sent it. */
  readonly payload: string | undefined;
  readonly isDone: boolean;
};
