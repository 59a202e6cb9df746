import type { Peer } from '#listeners/surface.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import type { AmqpDelivery, AmqpError, AmqpOutcome } from '#wire/amqp/handler.ts';
import type { AmqpLink, LinkRequest } from '#wire/amqp/link.ts';
import type { EventsAddress, ServiceAddress } from '#wire/azure/service-addresses.ts';

/** What serves one open link of a back end. */
export type ServiceLink = {
  /** The peer sent this. It must be answered once; a promise holds back all that comes behind it on the connection. */
  message?(delivery: AmqpDelivery): void | Promise<void>;
  /** What the peer made of what was sent to it with this tag; what it is told if that came to nothing. */
  outcome?(tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined>;
  /** The peer takes more. */
  writable?(): void;
  /** The link is over, whoever ended it. */
  ended?(): void;
};

export type OpenServiceLink = { readonly link: AmqpLink; readonly request: LinkRequest; readonly address: ServiceAddress };

/** A back end that may do so wants a link. */
export type ServiceArrival = {
  readonly address: ServiceAddress;
  readonly request: LinkRequest;
  readonly caller: ServiceCaller;
  readonly peer: Peer;
  /** The links of back ends that are open on the same connection, this one not among them until it is accepted. */
  openLinks(): Iterable<OpenServiceLink>;
  /** Ends a link of this connection that was accepted, and tells the peer why; who serves it hears of the end. */
  close(link: AmqpLink, error: AmqpError): void;
};

export type ServiceAnswer = { readonly refuse: AmqpError } | { accept(link: AmqpLink): ServiceLink };

export type ServeLink = (arrival: ServiceArrival) => ServiceAnswer | Promise<ServiceAnswer>;

/** Who serves each kind of address; the others are not found. */
export type ServiceLinkKinds = {
  readonly [Kind in Exclude<ServiceAddress['kind'], 'events'>]?: ServeLink;
} & {
  readonly events?: (arrival: ServiceArrival, address: EventsAddress) => ServiceAnswer | Promise<ServiceAnswer>;
};
