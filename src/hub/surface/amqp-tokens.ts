import type { Peer } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import type { Verdict } from '#trust/verdict.ts';
import { int, string } from '#wire/amqp/encode.ts';
import type { AmqpDelivery } from '#wire/amqp/handler.ts';
import type { AmqpLink } from '#wire/amqp/link.ts';
import { type AmqpMessage, decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { parseAudience, spellings } from '#wire/azure/hub-addresses.ts';
import { decodePercent } from '#wire/azure/percent.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import { type Identity, identityName } from '../identity.ts';
import type { SignIn } from '../registry/sign-in.ts';
import type { AmqpPolicyTokens } from './amqp-policy-tokens.ts';

export type AmqpTokensOptions = {
  readonly peer: Peer;
  readonly signIn: Pick<SignIn, 'check'>;
  readonly refusals: Pick<RefusalLog, 'record'>;
  /** Where tokens of access policies go. */
  readonly policies: AmqpPolicyTokens;
};

/** Tokens of one connection: Java opens up to 1000 devices on one. */
const tokensMax = 1_024;
/** Answers that wait for the peer to open the link they go on. */
const waitingMax = 20;

/** Tokens of somebody else's directory: well formed, and good for nothing here (hub-service-protocol.md 7.1). */
const foreignTokens: ReadonlySet<string> = new Set(['jwt', 'bearer']);

type Reply = { readonly status: number; readonly description: string };

/**
 * Claims-based security (hub-device-protocol.md 5.3): the tokens that a peer has put on its connection, by the name of
 * whom each is for. A token is looked at when it is put, and again with the first link of its device.
 */
export class AmqpTokens {
  readonly #options: AmqpTokensOptions;
  readonly #tokens = new Map<string, string>();
  readonly #waiting: Buffer[] = [];
  #replies: AmqpLink | undefined;
  #requests: AmqpLink | undefined;
  /** A token was not accepted. */
  onRefused: () => void = () => {};
  /** A token was put anew for somebody. */
  onRenewed: (caller: DeviceCaller) => void = () => {};
  /** A back end has shown who it is. */
  onService: () => void = () => {};

  constructor(options: AmqpTokensOptions) {
    this.#options = options;
  }

  of(identity: Identity): string | undefined {
    return this.#tokens.get(identityName(identity)) ?? this.#options.policies.forDevices;
  }

  /** Its device was sent away: the token counts no longer, so that it cannot come back by itself. */
  forget(identity: string): void {
    this.#tokens.delete(identity);
  }

  /** Of somebody whom SASL PLAIN let in. */
  hold(identity: Identity, token: string): void {
    this.#tokens.set(identityName(identity), token);
  }

  attach(link: AmqpLink): void {
    if (link.isIncoming) {
      this.#requests?.close();
      this.#requests = link;
      return;
    }
    this.#replies?.close();
    this.#replies = link;
    for (const reply of this.#waiting.splice(0)) link.send(reply);
  }

  detached(link: AmqpLink): void {
    if (link === this.#replies) this.#replies = undefined;
    if (link === this.#requests) this.#requests = undefined;
  }

  /** The link on which tokens come, or the one on which they are answered. */
  link(which: 'requests' | 'replies'): AmqpLink | undefined {
    return which === 'requests' ? this.#requests : this.#replies;
  }

  async message(delivery: AmqpDelivery): Promise<void> {
    let message: AmqpMessage;
    try {
      message = decodeMessage(delivery.bytes);
    } catch {
      delivery.reject({ condition: 'amqp:decode-error', description: 'The request is no message.' });
      return;
    }
    const { status, description } = await this.#put(message);
    const reply = encodeMessage({
      properties: { correlationId: message.encodedMessageId },
      application: [
        ['status-code', int(status)],
        ['status-description', string(description)],
      ],
    });
    delivery.accept();
    // C takes a reply that comes before the disposition for an error; what was accepted leaves with the next turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#replies) this.#replies.send(reply);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(reply);
  }

  async #put({ application, value }: AmqpMessage): Promise<Reply> {
    const operation = application.get('operation');
    const type = application.get('type');
    const kind = typeof type === 'string' ? type.toLowerCase() : undefined;
    if (operation === 'put-token' && kind !== undefined && foreignTokens.has(kind)) return this.#refused();
    if (operation !== 'put-token' || kind !== 'servicebus.windows.net:sastoken') {
      return { status: 400, description: 'Only put-token of servicebus.windows.net:sastoken is served.' };
    }
    const token = typeof value === 'string' ? parseSasToken(value) : undefined;
    if (typeof value !== 'string' || !token) return { status: 400, description: 'The body is no shared access signature.' };
    const identity = whoseToken(token.resource, application.get('name'));
    if (!identity) return this.#putOfPolicy(value, token.keyName);
    for (const spelling of spellings(identity)) {
      if (!spelling) continue;
      const verdict = await this.#check(spelling, value);
      if (!verdict.accepted) continue;
      const name = identityName(spelling);
      if (this.#tokens.size >= tokensMax && !this.#tokens.has(name)) {
        return { status: 403, description: `A connection holds at most ${tokensMax} tokens.` };
      }
      this.#tokens.set(name, value);
      this.onRenewed(verdict.value);
      return { status: 200, description: 'OK' };
    }
    return this.#refused();
  }

  /** A token that names no device is one of a back end, judged by its own scope and never by the audience (7.1). */
  async #putOfPolicy(token: string, keyName: string | undefined): Promise<Reply> {
    const { refusals, peer, policies } = this.#options;
    const verdict = await policies.check(token);
    if (!verdict.accepted) {
      refusals.record({ service: 'hub', subject: keyName ?? 'service', peer: peer.remoteAddress, ...verdict.refusal });
      return this.#refused();
    }
    if (!policies.hold(token, verdict.value)) return { status: 403, description: 'The connection holds too many tokens.' };
    this.onService();
    return { status: 200, description: 'OK' };
  }

  async #check(identity: Identity, token: string): Promise<Verdict<DeviceCaller>> {
    const { signIn, refusals, peer } = this.#options;
    const verdict = await signIn.check(identity, { certificates: [], token });
    if (!verdict.accepted) {
      refusals.record({ service: 'hub', subject: identityName(identity), peer: peer.remoteAddress, ...verdict.refusal });
    }
    return verdict;
  }

  #refused(): Reply {
    this.onRefused();
    return { status: 401, description: `The token is not accepted. TrackingId:${this.#options.peer.trackingId}` };
  }
}

/**
 * Whom a token is for: its own scope says so. Java names the device where it is a module's, so the audience counts
 * only where the scope names nobody, or for the spelling: some clients sign in lower case.
 */
function whoseToken(resource: string, name: unknown): Identity | undefined {
  const scope = parseAudience(resource);
  const audience = typeof name === 'string' ? (parseAudience(name) ?? parseAudience(decodePercent(name))) : undefined;
  if (!scope || !audience) return scope ?? audience;
  return identityName(scope).toLowerCase() === identityName(audience).toLowerCase() ? audience : scope;
}
