import type { Instant } from '#base/instant.ts';
import type { AskedAuthentication, DeviceAuthentication } from './device.ts';

/** As a device does; or not at all, which is what a module begins with that nobody said it of. */
export type ModuleAuthentication = DeviceAuthentication | { readonly type: 'none' };

export type AskedModuleAuthentication = AskedAuthentication | { readonly type: 'none' };

/** A module identity: a part of a device that connects by itself, with credentials of its own. */
export type Module = {
  readonly deviceId: string;
  readonly moduleId: string;
  /** As a device's: new at each creation. */
  readonly generationId: string;
  /** Changes with the identity, not with the twin. */
  readonly etag: string;
  /** Who looks after it, in the owner's words. */
  readonly managedBy?: string;
  readonly authentication: ModuleAuthentication;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

/** The modules of the edge runtime, which the service makes with an edge device and keeps itself. */
export const systemModuleIds: readonly string[] = ['$edgeAgent', '$edgeHub'];
