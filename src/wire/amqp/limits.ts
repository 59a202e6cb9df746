/** What one AMQP connection may make us hold or do, hub-device-protocol.md 5. */
export type AmqpLimits = {
  /** Offered in open; a longer frame ends the connection. */
  readonly frameBytesMax: number;
  /** Highest channel. Java opens a session for each of up to 1000 devices. */
  readonly channelMax: number;
  /** Links of one session; the highest handle is one less. */
  readonly sessionLinksMax: number;
  /** Links of one connection. */
  readonly linksMax: number;
  /** Offered in attach: what is assembled at most from the transfers of one delivery. */
  readonly messageBytesMax: number;
  /** What all deliveries of one connection that are not whole yet may hold. */
  readonly incompleteBytesMax: number;
  /** Bytes that wait behind an attach or a token which is being looked at, before the stream is paused. */
  readonly waitingBytesMax: number;
  /** Deliveries that one disposition may name: more than a session's window cannot be open. */
  readonly dispositionMax: number;
  /** Messages that wait for credit on one link to the peer. */
  readonly unsentMax: number;
  /** Credit of a link from the peer. */
  readonly credit: number;
  /** What we ask the peer to keep to; silence of half as long again ends the connection. */
  readonly idleMs: number;
  /** A shorter idle time-out of the peer's would cost us too many empty frames. */
  readonly peerIdleMsMin: number;
  /** For a peer that names none. */
  readonly peerIdleMs: number;
  /** A longer one is taken for this. */
  readonly peerIdleMsMax: number;
};

export const defaultAmqpLimits: AmqpLimits = {
  frameBytesMax: 65_536,
  channelMax: 1_023,
  sessionLinksMax: 128,
  linksMax: 8_192,
  messageBytesMax: 1024 * 1024,
  incompleteBytesMax: 4 * 1024 * 1024,
  waitingBytesMax: 256 * 1024,
  dispositionMax: 4_096,
  unsentMax: 200,
  credit: 100,
  idleMs: 240_000,
  peerIdleMsMin: 5_000,
  peerIdleMs: 120_000,
  peerIdleMsMax: 3_600_000,
};

/** Of one encoded value: nothing that any client sends comes near. */
export const valueLimits = { depthMax: 8, itemsMax: 10_000 } as const;
