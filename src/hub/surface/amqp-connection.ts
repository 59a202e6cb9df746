import type { Problem } from '#base/problem.ts';
import type { Peer } from '#listeners/surface.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { type Refusal, refuse, type Verdict } from '#trust/verdict.ts';
import type { AmqpConnection } from '#wire/amqp/connection.ts';
import type { AmqpDelivery, AmqpEndReason, AmqpError, AmqpHandler, AmqpOutcome, AttachAnswer } from '#wire/amqp/handler.ts';
import type { AmqpLink, LinkRequest } from '#wire/amqp/link.ts';
import { type DeviceAddress, parseDeviceAddress, spellings } from '#wire/azure/hub-addresses.ts';
import { parseServiceAddress, type ServiceAddress } from '#wire/azure/service-addresses.ts';
import type { LastCredentials } from '../credentials/last-credentials.ts';
import type { BreakingFault } from '../faults/asked-fault.ts';
import { type Identity, identityName } from '../identity.ts';
import type { DisconnectCause } from '../presence/presence.ts';
import type { CredentialWatches } from '../registry/credential-watches.ts';
import type { SignIn } from '../registry/sign-in.ts';
import { AmqpDevice, type AmqpRooms } from './amqp-device.ts';
import { amqpError, amqpErrorOf, errorOfCause } from './amqp-errors.ts';
import type { AmqpPolicyTokens } from './amqp-policy-tokens.ts';
import { AmqpService, type AmqpServiceRooms } from './amqp-service.ts';
import type { AmqpTokens } from './amqp-tokens.ts';

export type AmqpConnectionRooms = AmqpRooms &
  AmqpServiceRooms & {
    /** The first label of the hub's host name. */
    readonly hubName: string;
    readonly signIn: SignIn;
    readonly watches: CredentialWatches;
    readonly credentials: Pick<LastCredentials, 'record'>;
    readonly opened: (device: AmqpDevice) => void;
    /** Nobody is let in any more. */
    isClosed(): boolean;
  };

export type AmqpConnectionFacts = {
  readonly connection: AmqpConnection;
  readonly peer: Peer;
  readonly tokens: AmqpTokens;
  readonly policies: AmqpPolicyTokens;
};

/** How often a sign-in looks again at a credential that changed while it looked. */
const signInAttemptsMax = 5;

/**
 * One AMQP connection to the hub, with whatever devices its peer speaks for: each shows a token in `$cbs`, or the
 * certificate of the connection is its own. A link is let in after its device is (hub-device-protocol.md 5.3, 5.4).
 * What is addressed to the hub itself is for back ends (amqp-service.ts).
 */
export class HubAmqpConnection implements AmqpHandler {
  readonly #rooms: AmqpConnectionRooms;
  readonly #facts: AmqpConnectionFacts;
  readonly #devices = new Map<string, AmqpDevice>();
  readonly #owners = new Map<AmqpLink, AmqpDevice>();
  readonly #service: AmqpService;
  /** While nobody is signed in. */
  #refused = 0;
  #isOver = false;

  constructor(rooms: AmqpConnectionRooms, facts: AmqpConnectionFacts) {
    this.#rooms = rooms;
    this.#facts = facts;
    this.#service = new AmqpService(rooms, {
      peer: facts.peer,
      policies: facts.policies,
      hubName: rooms.hubName,
      refused: () => this.#countRefusal(),
      over: (error) => {
        if (this.#devices.size === 0) facts.connection.close(error);
      },
    });
    facts.tokens.onService = () => facts.connection.signedIn();
    facts.tokens.onRefused = () => this.#countRefusal();
    facts.tokens.onRenewed = (caller) => this.#devices.get(identityName(caller))?.renew(caller);
  }

  async attach(request: LinkRequest): Promise<AttachAnswer> {
    const { address = '' } = request;
    const { trackingId } = this.#facts.peer;
    if (address === '$cbs') return { accept: (link) => this.#facts.tokens.attach(link) };
    const target = parseDeviceAddress(address);
    const hubAddress = target ? undefined : parseServiceAddress(address, this.#rooms.hubName);
    if (hubAddress) return this.#attachService(hubAddress, request);
    if (!target || !isServed(target, request)) {
      return { refuse: amqpError('amqp:not-found', 'There is no such address.', trackingId, 404006) };
    }
    const device = await this.#device(target, request);
    if (!(device instanceof AmqpDevice)) return { refuse: device };
    return {
      accept: (link) => {
        // In the meantime it may have been sent away.
        if (device.isOver) return link.close(errorOfCause('credential-changed', trackingId, false));
        this.#owners.set(link, device);
        device.attach(target.kind, link, request.correlationId);
      },
    };
  }

  message(delivery: AmqpDelivery): void | Promise<void> {
    const owner = this.#owners.get(delivery.link);
    if (this.#service.has(delivery.link)) return this.#service.message(delivery);
    if (owner) owner.message(delivery);
    else return this.#facts.tokens.message(delivery);
  }

  async outcome(link: AmqpLink, tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined> {
    if (this.#service.has(link)) return this.#service.outcome(link, tag, outcome);
    return this.#owners.get(link)?.outcome(link, tag, outcome);
  }

  writable(link: AmqpLink): void {
    if (this.#service.has(link)) this.#service.writable(link);
    else this.#owners.get(link)?.writable(link);
  }

  detached(link: AmqpLink): void {
    if (this.#service.has(link)) {
      this.#service.detached(link);
      return;
    }
    const owner = this.#owners.get(link);
    this.#owners.delete(link);
    if (owner) owner.detached(link);
    else this.#facts.tokens.detached(link);
  }

  ended(reason: AmqpEndReason, detail: string): void {
    this.#isOver = true;
    this.#service.ended();
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    for (const device of devices) device.close(causeOf(reason));
    if (reason !== 'protocol-violation' || devices.length === 0) return;
    const { remoteAddress: peer } = this.#facts.peer;
    for (const { identity: subject } of devices) {
      this.#rooms.refusals.record({ service: 'hub', subject, peer, ...refuse('protocol-violation', detail).refusal });
    }
  }

  async #attachService(address: ServiceAddress, request: LinkRequest): Promise<AttachAnswer> {
    const { trackingId } = this.#facts.peer;
    if (this.#rooms.isClosed()) return { refuse: errorOfCause('hub-stopped', trackingId, false) };
    return this.#service.attach(address, request);
  }

  /** The device that a link belongs to, signed in now unless it is already; or why it is not. */
  async #device(target: DeviceAddress, { modelId }: LinkRequest): Promise<AmqpDevice | AmqpError> {
    for (const identity of spellings(target)) {
      const present = identity && this.#devices.get(identityName(identity));
      if (!present) continue;
      if (modelId !== undefined && modelId.length <= modelIdCharactersMax) {
        await this.#rooms.twins.setModelId(present.identity, modelId);
        present.announceModel(modelId);
      }
      return present;
    }
    const { trackingId } = this.#facts.peer;
    if (this.#rooms.isClosed()) return errorOfCause('hub-stopped', trackingId, false);
    const { platform } = this.#rooms;
    try {
      return await this.#signIn(target, modelId ?? '');
    } catch (error) {
      platform.log.error('sign-in.failed', { identity: identityName(target), trackingId, error: String(error) });
      return errorOfCause('hub-failed', trackingId, false);
    }
  }

  async #signIn(target: DeviceAddress, modelId: string): Promise<AmqpDevice | AmqpError> {
    const { twins, watches } = this.#rooms;
    const { trackingId } = this.#facts.peer;
    if (modelId.length > modelIdCharactersMax) {
      return amqpError('com.microsoft:argument-error', `A model id has at most ${modelIdCharactersMax} characters.`, trackingId);
    }
    const [raw, decoded] = spellings(target);
    const watch = watches.begin(raw.deviceId);
    const other = decoded && watches.begin(decoded.deviceId);
    try {
      for (let i = 0; i < signInAttemptsMax; i++) {
        const verdict = await this.#check(raw, decoded);
        if (this.#isOver) return errorOfCause('hub-stopped', trackingId, false);
        if (!verdict.accepted) return this.#refuse(raw, verdict.refusal);
        const fault = this.#rooms.faults?.refusal(verdict.value, 'amqp');
        if (fault) return this.#refuse(verdict.value, fault);
        const throttled = i === 0 && this.#rooms.quotas.tryTake('connections', identityName(verdict.value));
        if (throttled) return this.#throttle(raw, throttled);
        await twins.setModelId(identityName(verdict.value), modelId);
        if (this.#isOver) return errorOfCause('hub-stopped', trackingId, false);
        const isChanged = watch.takeChanged();
        if (other?.takeChanged() || isChanged) continue;
        const { certificates } = this.#facts.peer;
        this.#rooms.credentials.record(verdict.value, { certificates, token: this.#facts.tokens.of(verdict.value) });
        return this.#open(verdict.value, modelId);
      }
      return errorOfCause('hub-failed', trackingId, false);
    } finally {
      watch.end();
      other?.end();
    }
  }

  /** Ids are sent raw by some clients and encoded by others; an id may hold a `%` of its own (5.4). */
  async #check(raw: Identity, decoded: Identity | undefined): Promise<Verdict<DeviceCaller>> {
    const { certificates } = this.#facts.peer;
    const evidence = (identity: Identity) => ({ certificates, token: this.#facts.tokens.of(identity) });
    const verdict = await this.#rooms.signIn.check(raw, evidence(raw));
    if (verdict.accepted || !decoded) return verdict;
    const second = await this.#rooms.signIn.check(decoded, evidence(decoded));
    return second.accepted || verdict.refusal.reason === 'device-unknown' ? second : verdict;
  }

  #open(caller: DeviceCaller, modelId: string): AmqpDevice {
    const { peer, connection } = this.#facts;
    const device: AmqpDevice = new AmqpDevice(this.#rooms, {
      caller,
      modelId,
      trackingId: peer.trackingId,
      remoteAddress: peer.remoteAddress,
      leave: (cause) => this.#leave(device, cause),
      break: (fault, error) => this.#break(device, fault, error),
    });
    this.#rooms.presence.open(device);
    this.#devices.set(device.identity, device);
    this.#rooms.opened(device);
    connection.signedIn();
    return device;
  }

  #refuse(identity: Identity, refusal: Refusal): AmqpError {
    const { remoteAddress: peer, trackingId } = this.#facts.peer;
    this.#rooms.refusals.record({ service: 'hub', subject: identityName(identity), peer, ...refusal });
    this.#countRefusal();
    return amqpError('amqp:unauthorized-access', 'The device is not let in.', trackingId, 401003);
  }

  /** Somebody who may come in, and comes too often. */
  #throttle(identity: Identity, problem: Problem): AmqpError {
    const { remoteAddress: peer, trackingId } = this.#facts.peer;
    const { refusal } = refuse('rate-limited', problem.message);
    this.#rooms.refusals.record({ service: 'hub', subject: identityName(identity), peer, ...refusal });
    return amqpErrorOf(problem, trackingId);
  }

  /** Each attempt costs a look into the database: a stranger gets some on one connection, not any number. */
  #countRefusal(): void {
    if (this.#devices.size > 0 || this.#service.hasLinks || ++this.#refused < refusedMax) return;
    const { connection, peer } = this.#facts;
    connection.close(amqpError('amqp:resource-limit-exceeded', 'Nobody was let in, too often.', peer.trackingId));
  }

  /** A device is over. With nobody left the connection ends too, but for one that only gave up its links. */
  #leave(device: AmqpDevice, cause: DisconnectCause): void {
    if (this.#devices.get(device.identity) === device) this.#devices.delete(device.identity);
    const { trackingId } = this.#facts.peer;
    for (const [link, owner] of this.#owners) if (owner === device) this.#owners.delete(link);
    if (this.#isOver || cause === 'disconnect' || cause === 'fault-injected') return;
    if (cause !== 'newer-connection') this.#facts.tokens.forget(device.identity);
    if (this.#devices.size === 0 && !this.#service.hasLinks) this.#facts.connection.close(errorOfCause(cause, trackingId, true));
    else for (const link of device.links) link.close(errorOfCause(cause, trackingId, false));
  }

  /** Breaks more than a link of one device: its neighbours on the connection lose theirs too. */
  #break(device: AmqpDevice, fault: BreakingFault, error: AmqpError): boolean {
    const { connection, tokens } = this.#facts;
    switch (fault) {
      case 'KillTcp':
        this.#endAll(() => connection.cut());
        return true;
      case 'KillAmqpConnection':
        this.#endAll(() => connection.close({ ...error, condition: 'amqp:connection:forced' }));
        return true;
      case 'ShutDownAmqp':
        this.#endAll(() => connection.close());
        return true;
      case 'KillAmqpSession': {
        const [link] = device.links;
        if (link) for (const lost of connection.endSession(link, error)) this.#lose(lost);
        return link !== undefined;
      }
      case 'KillAmqpCBSLinkReq':
      case 'KillAmqpCBSLinkResp': {
        const link = tokens.link(fault === 'KillAmqpCBSLinkReq' ? 'requests' : 'replies');
        link?.close(error);
        if (link) tokens.detached(link);
        return link !== undefined;
      }
      default:
        return false;
    }
  }

  #endAll(end: () => void): void {
    this.#isOver = true;
    for (const device of [...this.#devices.values()]) device.close('fault-injected');
    end();
  }

  #lose(link: AmqpLink): void {
    const owner = this.#owners.get(link);
    this.#owners.delete(link);
    if (owner) owner.lost(link);
    else if (this.#service.has(link)) this.#service.detached(link);
    else this.#facts.tokens.detached(link);
  }
}

/** Links and tokens that are refused on one connection before anybody is signed in. */
const refusedMax = 100;

/** An interface id of DTDL has at most 128 characters; what is stored with every message has some bound. */
const modelIdCharactersMax = 256;

function isServed({ kind }: DeviceAddress, { isIncoming }: LinkRequest): boolean {
  // Where telemetry is sent, modules receive what comes to their inputs.
  return kind !== 'messages' || !isIncoming;
}

function causeOf(reason: AmqpEndReason): DisconnectCause {
  switch (reason) {
    case 'disconnect':
    case 'closed':
      return 'disconnect';
    case 'idle':
      return 'keep-alive-timeout';
    case 'too-slow':
      return 'client-too-slow';
    case 'internal-error':
      return 'hub-failed';
    default:
      return reason;
  }
}
