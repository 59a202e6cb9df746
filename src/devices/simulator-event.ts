import type { LogLevel } from './application.ts';

/** What happens to a simulated device, for whoever runs it. */
export type SimulatorEvent =
  | { readonly type: 'log'; readonly level: LogLevel; readonly line: string }
  /** It answers on its socket like a board on a cable. */
  | { readonly type: 'attached'; readonly deviceId: string; readonly socketPath: string }
  | { readonly type: 'claimed'; readonly tenantId: string }
  | { readonly type: 'certificate'; readonly thumbprint: string; readonly notAfterMs: number }
  | { readonly type: 'certificate-refused'; readonly code: string; readonly detail: string }
  | { readonly type: 'registered'; readonly hubHostName: string; readonly deviceId: string }
  | {
      readonly type: 'registration-refused';
      readonly status: number;
      readonly errorCode: number | undefined;
      readonly detail: string;
    }
  | { readonly type: 'connected'; readonly hubHostName: string }
  | { readonly type: 'connection-refused'; readonly code: number }
  | { readonly type: 'disconnected'; readonly reason: string }
  /** The hub has acknowledged one telemetry message. */
  | { readonly type: 'acknowledged' };

export type SimulatorListener = (event: SimulatorEvent) => void;
