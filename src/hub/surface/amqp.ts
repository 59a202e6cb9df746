import type { AmqpArrival, AmqpSurface, Peer } from '#listeners/surface.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import { type Refusal, refuse, type Verdict } from '#trust/verdict.ts';
import type { AmqpHandler } from '#wire/amqp/handler.ts';
import type { PlainCredentials } from '#wire/amqp/sasl.ts';
import { parsePlainUser } from '#wire/azure/hub-addresses.ts';
import { identityName } from '../identity.ts';
import { type AmqpConnectionRooms, HubAmqpConnection } from './amqp-connection.ts';
import type { AmqpDevice } from './amqp-device.ts';
import { AmqpPolicyTokens } from './amqp-policy-tokens.ts';
import { AmqpTokens } from './amqp-tokens.ts';
import { OwedAcknowledgements } from './owed-acknowledgements.ts';

export type HubAmqpOptions = Pick<
  AmqpConnectionRooms,
  | 'platform'
  | 'events'
  | 'twins'
  | 'methods'
  | 'cloudToDevice'
  | 'presence'
  | 'quotas'
  | 'limits'
  | 'refusals'
  | 'signIn'
  | 'watches'
  | 'credentials'
  | 'hubName'
  | 'serviceLinks'
  | 'faults'
> & {
  /** Under which access policy a token acts that is for no device alone, if it reaches `path`. */
  authenticateService(token: string, path: string): Promise<Verdict<ServiceCaller>>;
};

/** The hub on AMQP 1.0: which device an event belongs to, and what waits for the disk. */
export class HubAmqp implements AmqpSurface {
  readonly #options: HubAmqpOptions;
  readonly #rooms: AmqpConnectionRooms;
  readonly #devices = new Map<string, AmqpDevice>();
  readonly #owed: OwedAcknowledgements<AmqpDevice>;
  /** Back ends that SASL PLAIN let in and whose connection is not open yet. */
  readonly #letIn = new WeakMap<PlainCredentials, ServiceCaller>();
  #isDraining = false;

  constructor(options: HubAmqpOptions) {
    this.#options = options;
    this.#owed = new OwedAcknowledgements(options.events);
    this.#rooms = {
      ...options,
      waits: (device) => this.#owed.add(device),
      opened: (device) => this.#devices.set(device.identity, device),
      gone: (device) => this.#gone(device),
      isClosed: () => this.#isDraining || options.events.state !== 'ok',
    };
    options.twins.onDesiredChange((change) => this.#devices.get(change.identity)?.pushDesired(change));
  }

  open({ connection, peer, plain }: AmqpArrival): AmqpHandler {
    const { signIn, refusals, authenticateService } = this.#options;
    const policies = new AmqpPolicyTokens(authenticateService);
    const tokens = new AmqpTokens({ peer, signIn, refusals, policies });
    const user = plain && parsePlainUser(plain.userName);
    const caller = plain && this.#letIn.get(plain);
    if (plain && caller) {
      policies.hold(plain.password, caller);
      connection.signedIn();
    } else if (plain && user && 'deviceId' in user) tokens.hold(user, plain.password);
    return new HubAmqpConnection(this.#rooms, { connection, peer, tokens, policies });
  }

  async authenticate(credentials: PlainCredentials, peer: Peer): Promise<boolean> {
    const { userName, password } = credentials;
    const { signIn, authenticateService } = this.#options;
    const user = parsePlainUser(userName);
    if (!user) {
      const form = 'The user name of PLAIN is {device}@sas.{hub} or {policy}@sas.root.{hub}.';
      return this.#refuse(userName, peer, refuse('user-name-malformed', form).refusal);
    }
    if ('deviceId' in user) {
      const verdict = await signIn.check(user, { certificates: [], token: password });
      return verdict.accepted || this.#refuse(identityName(user), peer, verdict.refusal);
    }
    const verdict = await new AmqpPolicyTokens(authenticateService).check(password);
    if (!verdict.accepted) return this.#refuse(user.policyName, peer, verdict.refusal);
    if (verdict.value.policyName !== user.policyName) {
      const detail = `The token is one of the access policy ${verdict.value.policyName}, not of ${user.policyName}.`;
      return this.#refuse(user.policyName, peer, refuse('token-scope', detail).refusal);
    }
    this.#letIn.set(credentials, verdict.value);
    return true;
  }

  /** Takes nobody in any more. Resolves when every message that arrived is accepted, or after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    return this.#owed.drain(this.#options.platform.clock, deadlineMs);
  }

  #refuse(subject: string, { remoteAddress: peer }: Peer, refusal: Refusal): false {
    this.#options.refusals.record({ service: 'hub', subject, peer, ...refusal });
    return false;
  }

  #gone(device: AmqpDevice): void {
    if (this.#devices.get(device.identity) === device) this.#devices.delete(device.identity);
    this.#owed.remove(device);
  }
}
