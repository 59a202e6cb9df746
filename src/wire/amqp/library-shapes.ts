import type { EventEmitter } from 'node:events';
import type { AmqpError, AmqpOutcome } from './handler.ts';
import type { LinkFilter } from './link.ts';

/** What of the library is used beside its typings. */
export type RheaConnection = EventEmitter & {
  accept(socket: EventEmitter): void;
  open(): void;
  _process(): void;
  /** What the peer takes; null where it takes any. */
  readonly max_frame_size: number | null | undefined;
  readonly remote: { open?: { idle_time_out?: number | null } };
  readonly remote_channel_map: Record<number, RheaSession | undefined>;
};
export type RheaSession = {
  readonly local: { begin: { handle_max?: number }; readonly end: { readonly value: unknown[] }; readonly channel: number };
  readonly outgoing: RheaOutgoing;
  readonly remote: { handles: Record<number, RheaLink | undefined> };
  readonly links: Record<string, RheaLink>;
  end(): void;
  _write_flow(link?: RheaLink): void;
};
/** What a session keeps of what it sends. */
export type RheaOutgoing = {
  available(): number;
  deliveries: {
    available(): number;
    push(delivery: LibraryDelivery): void;
    by_id(id: number): LibraryDelivery | undefined;
    pop_if(isOver: (delivery: LibraryDelivery) => boolean): number;
  };
  window: number;
  next_delivery_id: number;
  next_pending_delivery: number;
  next_transfer_id: number;
  readonly remote_window?: number;
  readonly remote_next_transfer_id?: number;
};
export type LibraryDelivery = { readonly id: number; settled: boolean };
export type RheaContext = {
  readonly session?: RheaSession;
  readonly receiver?: RheaLink;
  readonly sender?: RheaLink;
  readonly delivery?: RheaDelivery;
  readonly message?: Buffer;
};

/** The library's link, as far as it is used beside its typings. */
export type RheaLink = {
  credit: number;
  readonly _draining?: boolean;
  readonly connection: RheaConnection;
  delivery_count: number;
  readonly snd_settle_mode?: number;
  readonly rcv_settle_mode?: number;
  readonly local: {
    readonly handle: number;
    readonly attach: {
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      max_message_size?: number;
      offered_capabilities?: readonly string[];
    };
    readonly detach: { readonly value: unknown[] };
  };
  readonly session: RheaSession;
  readonly _incomplete?: { readonly frames: Buffer[] };
  set_source(fields: { address: string | undefined; filter?: unknown }): void;
  set_target(fields: { address: string | undefined }): void;
  add_credit(count: number): void;
  set_drained(isDrained: boolean): void;
  send(payload: Buffer, tag: Buffer | undefined, format: number): { settled: boolean };
  close(): void;
};

/** A link of our own to send on. */
export type RheaSender = {
  sendable(): boolean;
  /** What the peer takes: a number, bytes where it is none that fits one, or nothing. */
  readonly max_message_size: unknown;
  /** Answers the delivery, which events about it name. */
  send(payload: Buffer, tag: Buffer | undefined, format: number): object;
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
  filters(filters: readonly LinkFilter[]): unknown;
};
