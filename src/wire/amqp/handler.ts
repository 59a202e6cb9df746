import type { AmqpLink, LinkRequest } from './link.ts';

/** What a peer is told when something ends: a condition of part 2, 2.8.14 and below, or one of Azure's. */
export type AmqpError = {
  readonly condition: string;
  readonly description: string;
  /** A number becomes an AMQP int. */
  readonly info?: Readonly<Record<string, string | number>>;
};

export type AmqpOpen = { readonly hostName: string | undefined; readonly containerId: string };

/** What to do with a link that a peer wants. */
export type AttachAnswer = { readonly refuse: AmqpError } | { accept(link: AmqpLink): void };

/** One message as it came. It must be answered once. */
export type AmqpDelivery = {
  readonly link: AmqpLink;
  readonly format: number;
  readonly bytes: Buffer;
  accept(): void;
  reject(error: AmqpError): void;
};

/** In the order of their codes. */
export const outcomes = ['accepted', 'rejected', 'released', 'modified'] as const;
export type AmqpOutcome = (typeof outcomes)[number];

/** Who serves a connection. What comes behind an attach or a message waits for what was returned to settle. */
export type AmqpHandler = {
  attach(request: LinkRequest): AttachAnswer | Promise<AttachAnswer>;
  message(delivery: AmqpDelivery): void | Promise<void>;
  /** What the peer made of a message that was sent to it with this tag; what it is told if that came to nothing. */
  outcome(link: AmqpLink, tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined>;
  /** The peer takes more on a link. */
  writable(link: AmqpLink): void;
  detached(link: AmqpLink): void;
  ended(reason: AmqpEndReason, detail: string): void;
};

export type AmqpEndReason =
  /** The peer closed. */
  | 'disconnect'
  | 'connection-lost'
  | 'idle'
  | 'protocol-violation'
  | 'too-slow'
  /** Whoever serves it closed. */
  | 'closed'
  | 'internal-error';
