import type { Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { Peer } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { ServiceRight } from '#trust/access-policy.ts';
import type { Refusal } from '#trust/verdict.ts';
import type { AmqpDelivery, AmqpError, AmqpOutcome, AttachAnswer } from '#wire/amqp/handler.ts';
import type { AmqpLink, LinkRequest } from '#wire/amqp/link.ts';
import type { ServiceAddress } from '#wire/azure/service-addresses.ts';
import { amqpError } from './amqp-errors.ts';
import type { AmqpPolicyTokens } from './amqp-policy-tokens.ts';
import type { OpenServiceLink, ServiceAnswer, ServiceArrival, ServiceLink, ServiceLinkKinds } from './service-links.ts';

export type AmqpServiceRooms = {
  readonly platform: Platform;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly serviceLinks: ServiceLinkKinds;
};

export type AmqpServiceFacts = {
  readonly peer: Peer;
  readonly policies: AmqpPolicyTokens;
  /** The first label of the hub's host name: what its Event-Hubs-compatible endpoint is called. */
  readonly hubName: string;
  /** A link was refused for want of a token. */
  readonly refused: () => void;
  /** The last token of a policy is over, and with it every link of a back end. */
  readonly over: (error: AmqpError) => void;
};

type Open = OpenServiceLink & { readonly server: ServiceLink; until: Instant };

/** What every link of a back end needs (hub-service-protocol.md 2.4). */
const right: ServiceRight = 'ServiceConnect';

/**
 * The links of back ends on one connection (hub-service-protocol.md 7, 8): each is let in by a token of an access policy
 * that reaches it, and stays as long as one does. A token that renews another changes nothing for links that are open.
 */
export class AmqpService {
  readonly #rooms: AmqpServiceRooms;
  readonly #facts: AmqpServiceFacts;
  readonly #open = new Map<AmqpLink, Open>();
  #alarm: { readonly at: Instant; readonly cancel: Cancel } | undefined;
  #isOver = false;

  constructor(rooms: AmqpServiceRooms, facts: AmqpServiceFacts) {
    this.#rooms = rooms;
    this.#facts = facts;
    facts.policies.onHeld = () => this.#setAlarm();
    this.#setAlarm();
  }

  get hasLinks(): boolean {
    return this.#open.size > 0;
  }

  has(link: AmqpLink): boolean {
    return this.#open.has(link);
  }

  async attach(address: ServiceAddress, request: LinkRequest): Promise<AttachAnswer> {
    const { policies, peer, refused } = this.#facts;
    const verdict = await policies.find(this.#pathsOf(address), right);
    if (!verdict.accepted) {
      this.#record(verdict.refusal);
      refused();
      return { refuse: this.#unauthorized('No token that was put is good for this link.') };
    }
    const caller = verdict.value;
    const openLinks = () => this.#open.values();
    const close = (link: AmqpLink, error: AmqpError) => this.#close(link, error);
    const answer = await this.#answer({ address, request, caller, peer, openLinks, close });
    if ('refuse' in answer) return answer;
    return {
      accept: (link) => {
        const server = answer.accept(link);
        if (link.isClosed) return;
        this.#open.set(link, { link, request, address, server, until: caller.expiresAt });
      },
    };
  }

  message(delivery: AmqpDelivery): void | Promise<void> {
    const server = this.#open.get(delivery.link)?.server;
    if (server?.message) return server.message(delivery);
    delivery.reject(amqpError('amqp:not-allowed', 'Nothing is taken on this link.', this.#facts.peer.trackingId));
  }

  async outcome(link: AmqpLink, tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined> {
    return this.#open.get(link)?.server.outcome?.(tag, outcome);
  }

  writable(link: AmqpLink): void {
    this.#open.get(link)?.server.writable?.();
  }

  detached(link: AmqpLink): void {
    const open = this.#open.get(link);
    this.#open.delete(link);
    open?.server.ended?.();
  }

  ended(): void {
    this.#isOver = true;
    this.#alarm?.cancel();
    for (const link of [...this.#open.keys()]) this.detached(link);
  }

  async #answer(arrival: ServiceArrival): Promise<ServiceAnswer> {
    const { serviceLinks } = this.#rooms;
    const { address } = arrival;
    const { trackingId } = this.#facts.peer;
    const answer = address.kind === 'events' ? serviceLinks.events?.(arrival, address) : serviceLinks[address.kind]?.(arrival);
    return (await answer) ?? { refuse: amqpError('amqp:not-found', 'There is no such address.', trackingId, 404006) };
  }

  /** Under which paths a token may reach it: `$management` is signed for with the name of the endpoint. */
  #pathsOf(address: ServiceAddress): string[] {
    if (address.kind !== 'events' || address.entity !== 'none') return [`/${address.written}`];
    return [`/${address.written}`, `/${this.#facts.hubName}/${address.written}`, `/messages/events/${address.written}`];
  }

  #setAlarm(): void {
    const at = this.#facts.policies.firstExpiry;
    if (this.#isOver || at === undefined || this.#alarm?.at === at) return;
    this.#alarm?.cancel();
    const { clock } = this.#rooms.platform;
    const cancel = clock.calendar.after(Math.max(0, at - clock.now()), () => {
      this.#alarm = undefined;
      return this.#expire();
    });
    this.#alarm = { at, cancel };
  }

  async #expire(): Promise<void> {
    const { policies, over } = this.#facts;
    const now = this.#rooms.platform.clock.now();
    policies.expire(now);
    const error = this.#unauthorized('The token has expired.');
    for (const open of [...this.#open.values()]) {
      if (open.until > now) continue;
      const verdict = await policies.find(this.#pathsOf(open.address), right);
      if (verdict.accepted) open.until = verdict.value.expiresAt;
      else this.#close(open.link, error);
    }
    if (this.#isOver) return;
    if (policies.isEmpty) over(error);
    else this.#setAlarm();
  }

  #close(link: AmqpLink, error: AmqpError): void {
    if (!this.#open.has(link)) return;
    this.detached(link);
    link.close(error);
  }

  #unauthorized(detail: string): AmqpError {
    return amqpError('amqp:unauthorized-access', detail, this.#facts.peer.trackingId, 401003);
  }

  #record(refusal: Refusal): void {
    const { remoteAddress: peer } = this.#facts.peer;
    this.#rooms.refusals.record({ service: 'hub', subject: 'service', peer, ...refusal });
  }
}
