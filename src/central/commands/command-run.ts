import type { Instant } from '#base/instant.ts';
import type { Json } from '#base/json.ts';

/** A command that somebody asked for. `response` is there when a device answered, `failure` when none did. */
export type CommandRun = {
  readonly commandId: string;
  readonly deviceId: string;
  readonly name: string;
  readonly request?: Json;
  readonly connectionTimeoutSeconds: number;
  readonly responseTimeoutSeconds: number;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly response?: { readonly code: number; readonly payload: Json };
  readonly failure?: { readonly code: string; readonly message: string };
};
