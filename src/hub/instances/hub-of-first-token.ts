import type { AmqpArrival, AmqpSurface } from '#listeners/surface.ts';
import type { AmqpDelivery, AmqpEndReason, AmqpError, AmqpHandler, AmqpOutcome, AttachAnswer } from '#wire/amqp/handler.ts';
import type { AmqpLink, LinkRequest } from '#wire/amqp/link.ts';
import { decodeMessage } from '#wire/amqp/message.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';

/**
 * A connection that names no added hub: Node's SDK writes into `open` what it dialed, which may be a gateway or
 * `localhost`, and says in its token alone whose device it is. Until the first token its links of `$cbs` are held open
 * here; a link of a device before any token belongs to the main hub.
 */
export class HubOfFirstToken implements AmqpHandler {
  readonly #arrival: AmqpArrival;
  /** The surface of the hub that a token's resource names, or the main one. */
  readonly #choose: (resource: string | undefined) => AmqpSurface;
  #held: { request: LinkRequest; link: AmqpLink }[] = [];
  #chosen: AmqpHandler | undefined;

  constructor(arrival: AmqpArrival, choose: (resource: string | undefined) => AmqpSurface) {
    this.#arrival = arrival;
    this.#choose = choose;
  }

  async attach(request: LinkRequest): Promise<AttachAnswer> {
    if (this.#chosen || request.address !== '$cbs') return (await this.#handler(undefined)).attach(request);
    return { accept: (link) => void this.#held.push({ request, link }) };
  }

  async message(delivery: AmqpDelivery): Promise<void> {
    const handler = this.#chosen ?? (await this.#handler(resourceOf(delivery.bytes)));
    await handler.message(delivery);
  }

  async outcome(link: AmqpLink, tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined> {
    return this.#chosen?.outcome(link, tag, outcome);
  }

  writable(link: AmqpLink): void {
    this.#chosen?.writable(link);
  }

  detached(link: AmqpLink): void {
    this.#held = this.#held.filter((held) => held.link !== link);
    this.#chosen?.detached(link);
  }

  ended(reason: AmqpEndReason, detail: string): void {
    this.#chosen?.ended(reason, detail);
  }

  async #handler(resource: string | undefined): Promise<AmqpHandler> {
    if (this.#chosen) return this.#chosen;
    const handler = this.#choose(resource).open(this.#arrival);
    this.#chosen = handler;
    for (const { request, link } of this.#held.splice(0)) {
      const answer = await handler.attach(request);
      if ('accept' in answer) answer.accept(link);
      else link.close(answer.refuse);
    }
    return handler;
  }
}

/** What the token in a request of `$cbs` is for; undefined for what holds none, which its hub will say. */
function resourceOf(bytes: Buffer): string | undefined {
  try {
    const { value } = decodeMessage(bytes);
    return typeof value === 'string' ? parseSasToken(value)?.resource : undefined;
  } catch {
    return undefined;
  }
}
