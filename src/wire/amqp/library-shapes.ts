import type { EventEmitter } from 'node:events';
import type { AmqpError, AmqpOutcome } from './handler.ts';

/** What of the library is used beside its typings. */
export type RheaConnection = EventEmitter & {
  accept(socket: EventEmitter): void;
  open(): void;
  _process(): void;
  readonly remote: { open?: { idle_time_out?: number | null } };
  readonly remote_channel_map: Record<number, RheaSession | undefined>;
};
export type RheaSession = {
  readonly local: { begin: { handle_max?: number } };
  readonly remote: { handles: Record<number, RheaLink | undefined> };
  readonly links: Record<string, RheaLink>;
  end(): void;
  _write_flow(link?: RheaLink): void;
};
export type RheaContext = {
  readonly session?: RheaSession;
  readonly receiver?: RheaLink;
  readonly sender?: RheaLink;
  readonly delivery?: RheaDelivery;
  readonly message?: Buffer;
};

/** The library's link, as far as it is used beside its typings. */
export type RheaLink = {
  readonly credit: number;
  delivery_count: number;
  readonly snd_settle_mode?: number;
  readonly rcv_settle_mode?: number;
  readonly local: {
    readonly attach: { snd_settle_mode?: number; rcv_settle_mode?: number; max_message_size?: number };
    readonly detach: { readonly value: unknown[] };
  };
  readonly session: { readonly outgoing: { available(): number } };
  readonly _incomplete?: { readonly frames: Buffer[] };
  set_source(fields: { address: string | undefined }): void;
  set_target(fields: { address: string | undefined }): void;
  add_credit(count: number): void;
  set_drained(isDrained: boolean): void;
  send(payload: Buffer, tag: Buffer | undefined, format: number): unknown;
  close(): void;
};

export type RheaDelivery = {
  readonly tag: Buffer;
  readonly format?: number | null;
  readonly remote_settled: boolean;
  update(isSettled: boolean, state?: unknown): void;
};

/** How the library wants to be told of errors and outcomes. */
export type RheaValues = {
  error(error: AmqpError): unknown;
  accepted(): unknown;
  rejected(error: AmqpError): unknown;
  outcome(outcome: AmqpOutcome): unknown;
};
