import type { Clock } from '#base/clock.ts';

export type LogLevel = 'INFO' | 'WARNING' | 'ERROR';
export type Button = 'A' | 'B';

/** What an application can do to the world. Everything it sends goes through here, so tests need no socket. */
export type ApplicationPort = {
  readonly clock: Clock;
  /** Numbers in [0, 1): what the sensors measure. */
  readonly values: () => number;
  /** False when not connected or when the window is full; the message is then lost, as on the real board. */
  sendTelemetry(body: string, properties?: Readonly<Record<string, string>>): boolean;
  /** A reported-property update; `body` is sent as it is. */
  report(body: string): boolean;
  log(level: LogLevel, line: string): void;
  /** Ends the program with a code of the sample's list. */
  exit(code: number): void;
};

export type MethodReply = { readonly status: number; readonly body: string };

/** A sample program without its I/O: events in, calls on its port out. */
export interface Application {
  /** What it says it is, in DPS and at the hub. */
  readonly modelId: string | undefined;
  readonly keepAliveSeconds: number;
  /** Whether it asks for direct methods at all. */
  readonly handlesMethods: boolean;
  /** Wait before the first retry of a lost connection; it doubles up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Every `periodMs`, connected or not. */
  readonly periodMs: number;
  tick(isConnected: boolean): void;
  connected(): void;
  /** A whole twin or a change of its desired part, as bytes off the wire. */
  twin(payload: Buffer): void;
  invoke(name: string, payload: Buffer): MethodReply;
  cloudMessage(payload: Buffer): void;
  press(button: Button): void;
  /** Before the program ends. */
  stopped(): void;
}
