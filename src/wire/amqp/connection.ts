import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import rhea from 'rhea';
import { answerDisposition } from './answer-disposition.ts';
import * as encode from './encode.ts';
import { type Frame, FrameReader, performative } from './frame-reader.ts';
import {
  type AmqpEndReason,
  type AmqpError,
  type AmqpHandler,
  type AmqpOpen,
  type AmqpOutcome,
  type AttachAnswer,
  outcomes,
} from './handler.ts';
import type {
  RheaConnection,
  RheaContext,
  RheaDelivery,
  RheaLink,
  RheaSender,
  RheaSession,
  RheaValues,
} from './library-shapes.ts';
import type { AmqpLimits } from './limits.ts';
import { AmqpLink, type LinkRequest } from './link.ts';
import { useUpCredit } from './link-transfers.ts';
import { PeerOutput } from './peer-output.ts';
import { checkBegin, checkDisposition, checkFirstTransfer, checkFlow, readAttach, readOpen } from './peer-rules.ts';
import { amqpHeader, formatSaslMechanisms, formatSaslOutcome, readSaslInit, type SaslChoice, saslHeader } from './sasl.ts';
import { SparseDeliveries } from './sparse-deliveries.ts';
import { AmqpViolation } from './value.ts';

export type AmqpConnectionOptions = {
  readonly stream: Duplex;
  readonly limits: AmqpLimits;
  /** Bytes waiting in the socket before the peer, who does not read, is cut off. */
  readonly backlogBytesMax: number;
  /** Until somebody has signed in. */
  readonly signInMsMax: number;
  readonly containerId: string;
  nowMs(): number;
  /** Whether the peer is let through SASL. */
  authenticate(choice: SaslChoice): boolean | Promise<boolean>;
  /** The peer's open has come; may throw AmqpViolation. */
  onOpen(open: AmqpOpen): AmqpHandler;
  onBug(error: unknown): void;
};

// The library decodes messages without bounds, and without what types they had: ours are decoded by message.ts.
(rhea.message as { decode(bytes: Buffer): unknown }).decode = (bytes) => bytes;

const container = rhea.create_container({ id: 'homeport' });

/** Keys of `info` are symbols; by itself the library would make them strings, which some clients do not find. */
const values: RheaValues = {
  error: ({ condition, description, info = {} }) => {
    const { types } = rhea;
    const pairs = Object.entries(info).map(([name, value]) => [name, typeof value === 'number' ? types.wrap_int(value) : value]);
    const map = types.wrap_symbolic_map(Object.fromEntries(pairs));
    const fields = [types.wrap_symbol(condition), types.wrap_string(description), map];
    return types.wrap_described(fields, 0x1d);
  },
  accepted: () => rhea.types.wrap_described([], 0x24),
  rejected: (error) => rhea.types.wrap_described([values.error(error)], 0x25),
  outcome: (outcome) => rhea.types.wrap_described([], 0x24 + outcomes.indexOf(outcome)),
  filters: (filters) =>
    Object.fromEntries(filters.map(({ name, descriptor, text }) => [name, rhea.types.wrap_described(text, descriptor)])),
};

export type ClientOptions = {
  /** Emits `data`, and takes what is written. */
  readonly socket: EventEmitter;
  readonly hostName: string;
  readonly containerId: string;
  readonly address: string;
  readonly user: { readonly name: string; readonly password: string } | undefined;
  readonly idleMs: number;
  readonly frameBytesMax: number;
};

/** A connection of our own to a peer, with a link to send on. See sender.ts for what it is held to. */
export function startClient(options: ClientOptions): { connection: EventEmitter & { close(): void }; link: RheaSender } {
  const { socket, hostName, containerId, address, user, idleMs, frameBytesMax } = options;
  const connection = container.create_connection({
    container_id: containerId,
    hostname: hostName,
    idle_time_out: idleMs,
    max_frame_size: frameBytesMax,
    reconnect: false,
    ...(user ? { username: user.name, password: user.password } : { username: 'anonymous' }),
    connection_details: () => ({
      host: hostName,
      port: 0,
      connect: (_port: number, _host: string, _options: unknown, connected: () => void) => {
        queueMicrotask(connected);
        return socket;
      },
    }),
  } as unknown as Parameters<typeof container.create_connection>[0]);
  connection.connect();
  const link = connection.open_sender({ target: { address }, autosettle: true } as never);
  return { connection: connection as never, link: link as never };
}

/**
 * One accepted AMQP 1.0 connection. The library keeps sessions, links, credit and deliveries; every frame is read and
 * held to the limits here before it sees it, since it trusts its peer: with sizes, ranges, numbers of links and what
 * lies in a delivery that never ends. SASL is spoken here too, so that nothing runs ahead of its outcome.
 */
export class AmqpConnection {
  readonly #options: AmqpConnectionOptions;
  readonly #stream: Duplex;
  readonly #reader: FrameReader;
  readonly #output: PeerOutput;
  readonly #socket = new EventEmitter();
  readonly #rhea: RheaConnection;
  readonly #links = new Map<RheaLink, AmqpLink>();
  /** Ended from here: what still comes on them was sent before the peer knew. */
  readonly #endedSessions = new Set<RheaSession>();
  readonly #openedMs: number;
  #phase: 'header' | 'sasl' | 'after-sasl' | 'open' | 'running' | 'ended' = 'header';
  #handler: AmqpHandler | undefined;
  #answer: AttachAnswer | undefined;
  #request: LinkRequest | undefined;
  #isBusy = false;
  #isSignedIn = false;
  /** The library goes through what it has to say. */
  #isProcessing = false;
  #receivedMs: number;
  #leavingMs: number | undefined;
  #incompleteBytes = 0;
  #sessions = 0;

  constructor(options: AmqpConnectionOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.#reader = new FrameReader(options.limits.frameBytesMax);
    this.#output = new PeerOutput(options.stream, {
      backlogBytesMax: options.backlogBytesMax,
      onTooSlow: () => this.#end('too-slow', 'The peer does not read.'),
    });
    this.#openedMs = options.nowMs();
    this.#receivedMs = this.#openedMs;
    const { limits } = options;
    this.#rhea = container.create_connection({
      container_id: options.containerId,
      max_frame_size: limits.frameBytesMax,
      channel_max: limits.channelMax,
      idle_time_out: limits.idleMs,
      disable_sasl: true,
      reconnect: false,
      receiver_options: { credit_window: 0, autoaccept: false },
      sender_options: { treat_modified_as_released: false },
    } as unknown as Parameters<typeof container.create_connection>[0]) as unknown as RheaConnection;
    Object.assign(this.#socket, {
      write: (bytes: Buffer) => this.#output.write(bytes),
      end: () => this.#finish(),
      destroy: () => this.#finish(),
    });
    this.#listenToLibrary();
    // It also runs by itself, in turns of its own, where nobody would catch what it throws.
    const run = this.#rhea._process.bind(this.#rhea);
    this.#rhea._process = () => {
      const isNested = this.#isProcessing;
      this.#isProcessing = true;
      try {
        run();
      } catch (error) {
        this.#fail(new AmqpViolation('amqp:not-allowed', describeLibraryError(error)));
      } finally {
        this.#isProcessing = isNested;
      }
    };
    this.#rhea.accept(this.#socket);
    this.#listenToStream();
  }

  get isEnded(): boolean {
    return this.#phase === 'ended';
  }

  /** Somebody has shown who it is: the deadline for that is off. */
  signedIn(): void {
    this.#isSignedIn = true;
  }

  /** Tells the peer why and ends the connection. */
  close(error?: AmqpError): void {
    this.#end('closed', error?.description ?? '', error);
  }

  /** Cuts the line, without a word to the peer. */
  cut(): void {
    this.#stream.destroy();
    this.#end('connection-lost', '');
  }

  /** Ends the session of a link, and says which links were lost with it; `detached` is called for none of them. */
  endSession(link: AmqpLink, error: AmqpError): AmqpLink[] {
    const session = [...this.#links].find(([, each]) => each === link)?.[0].session;
    if (!session || this.#phase !== 'running') return [];
    const lost = [...this.#links].filter(([rheaLink]) => rheaLink.session === session);
    for (const [rheaLink, each] of lost) {
      this.#links.delete(rheaLink);
      if (each.incompleteBytes !== undefined && !each.isDropping) this.#incompleteBytes -= each.incompleteBytes;
      each.gone();
    }
    this.#endedSessions.add(session);
    session.local.end.value[0] = values.error(error);
    session.end();
    return lost.map(([, each]) => each);
  }

  /** To be called now and then. Ends a connection that says nothing, and cuts off one that does not leave. */
  checkTime(nowMs: number): void {
    const { limits, signInMsMax } = this.#options;
    if (this.#phase === 'ended') {
      this.#leavingMs ??= nowMs;
      if (nowMs - this.#leavingMs >= leaveMsMax) this.#stream.destroy();
    } else if (!this.#isSignedIn && nowMs - this.#openedMs >= signInMsMax) {
      this.#end('idle', 'Nobody signed in.', {
        condition: 'amqp:unauthorized-access',
        description: `Nobody signed in within ${signInMsMax / 1000} s.`,
      });
    } else if (nowMs - this.#receivedMs >= 1.5 * limits.idleMs) {
      this.#end('idle', 'Nothing came.', {
        condition: 'amqp:resource-limit-exceeded',
        description: `Nothing came for longer than the idle time-out of ${limits.idleMs / 1000} s.`,
      });
    }
  }

  #listenToStream(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => {
      if (this.#phase === 'ended') return;
      this.#receivedMs = this.#options.nowMs();
      this.#reader.push(chunk);
      this.#pump();
    });
    const lost = () => {
      this.#end('connection-lost', '');
      this.#socket.emit('end');
    };
    stream.on('drain', () => this.#resumeTransfers());
    stream.on('end', lost);
    stream.on('error', lost);
    stream.on('close', lost);
  }

  /** There may be room again for links that send messages in numbers. */
  #resumeTransfers(session?: RheaSession): void {
    if (this.#phase !== 'running') return;
    for (const [rheaLink, link] of this.#links) {
      if (link.transfers && (!session || rheaLink.session === session)) this.#handler?.writable(link);
    }
  }

  /** Takes what has come, as far as nothing is being looked at. */
  #pump(): void {
    try {
      while (!this.#isBusy && this.#phase !== 'ended' && this.#step());
    } catch (error) {
      this.#fail(error);
    }
    if (this.#phase === 'ended') return;
    const isFull = this.#isBusy && this.#reader.waitingBytes > this.#options.limits.waitingBytesMax;
    if (isFull) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }

  /** False when more bytes are needed. */
  #step(): boolean {
    if (this.#phase === 'header' || this.#phase === 'after-sasl') {
      const header = this.#reader.takeHeader();
      if (!header) return false;
      this.#takeHeader(header);
      return true;
    }
    const frame = this.#reader.next();
    if (!frame) return false;
    if (this.#phase === 'sasl') this.#takeSaslInit(frame);
    else this.#take(frame);
    return true;
  }

  #takeHeader(header: Buffer): void {
    if (header.equals(amqpHeader)) {
      this.#phase = 'open';
      this.#socket.emit('data', header);
    } else if (header.equals(saslHeader) && this.#phase === 'header') {
      this.#phase = 'sasl';
      this.#output.write(saslHeader);
      this.#output.write(formatSaslMechanisms());
    } else {
      // What is spoken here is the answer to any other protocol (part 2, 2.2).
      this.#output.write(amqpHeader);
      this.#end('protocol-violation', 'The connection began with something else than AMQP 1.0.');
    }
  }

  #takeSaslInit(frame: Frame): void {
    const choice = readSaslInit(frame);
    if (!choice) {
      this.#output.write(formatSaslOutcome(1));
      this.#end('protocol-violation', 'A SASL mechanism that was not offered, or credentials that are none.');
      return;
    }
    this.#wait(this.#options.authenticate(choice), (isLetIn) => {
      this.#output.write(formatSaslOutcome(isLetIn ? 0 : 1));
      if (isLetIn) this.#phase = 'after-sasl';
      else this.#end('protocol-violation', 'SASL refused the credentials.');
    });
  }

  #take(frame: Frame): void {
    if (frame.isSasl) throw new AmqpViolation('amqp:connection:framing-error', 'A SASL frame came after SASL was over.');
    if (this.#phase === 'open') {
      if (frame.code !== performative.open) throw new AmqpViolation('amqp:not-allowed', 'The first frame must be open.');
      this.#handler = this.#options.onOpen(readOpen(frame, this.#options.limits));
      this.#phase = 'running';
      this.#feed(frame);
      return;
    }
    if (this.#endedSessions.size > 0 && this.#isTooLate(frame)) return;
    switch (frame.code) {
      case undefined:
      case performative.close:
        this.#feed(frame);
        break;
      case performative.begin:
        this.#begin(frame);
        this.#feed(frame);
        break;
      case performative.attach:
        this.#attach(frame);
        break;
      case performative.transfer:
        this.#transfer(frame);
        break;
      case performative.flow:
        this.#flow(frame);
        break;
      case performative.disposition:
        this.#disposition(frame);
        break;
      case performative.detach:
        this.#detach(frame);
        break;
      case performative.end:
        this.#endSession(frame);
        break;
      default:
        throw new AmqpViolation('amqp:not-allowed', 'A performative that has no place here.');
    }
  }

  #isTooLate({ code, channel }: Frame): boolean {
    const session = this.#rhea.remote_channel_map[channel];
    const isForSession = code !== undefined && code !== performative.close && code !== performative.end;
    return isForSession && session !== undefined && this.#endedSessions.has(session);
  }

  #begin(frame: Frame): void {
    const { channel } = frame;
    const { channelMax } = this.#options.limits;
    if (channel > channelMax || this.#sessions > channelMax) {
      throw new AmqpViolation('amqp:connection:framing-error', `Channels go up to ${channelMax}.`);
    }
    if (this.#rhea.remote_channel_map[channel]) throw new AmqpViolation('amqp:not-allowed', 'The channel is in use.');
    checkBegin(frame);
  }

  #attach(frame: Frame): void {
    const session = this.#sessionOf(frame);
    const request = readAttach(frame);
    const handle = frame.fields[1];
    const { sessionLinksMax, linksMax } = this.#options.limits;
    if (typeof handle !== 'number' || handle >= sessionLinksMax || Object.keys(session.links).length >= sessionLinksMax) {
      throw new AmqpViolation('amqp:resource-limit-exceeded', `A session has at most ${sessionLinksMax} links.`);
    }
    if (this.#links.size >= linksMax) {
      throw new AmqpViolation('amqp:resource-limit-exceeded', `A connection has at most ${linksMax} links.`);
    }
    if (session.remote.handles[handle]) throw new AmqpViolation('amqp:session:handle-in-use', 'The handle is in use.');
    if (Object.hasOwn(session.links, request.name)) throw new AmqpViolation('amqp:not-allowed', 'There is a link of that name.');
    this.#wait((this.#handler as AmqpHandler).attach(request), (answer) => {
      this.#request = request;
      this.#answer = answer;
      this.#feed(frame);
    });
  }

  #transfer(frame: Frame): void {
    const rheaLink = this.#linkOf(frame, this.#sessionOf(frame));
    const link = this.#links.get(rheaLink);
    if (!link?.isIncoming) throw new AmqpViolation('amqp:not-allowed', 'A message came on a link that only receives.');
    const { messageBytesMax, incompleteBytesMax } = this.#options.limits;
    const isMore = frame.fields[5] === true;
    const isAborted = frame.fields[9] === true;
    if (link.incompleteBytes === undefined) {
      checkFirstTransfer(frame);
      if (rheaLink.credit <= 0) throw new AmqpViolation('amqp:link:transfer-limit-exceeded', 'A message came without credit.');
      link.incompleteBytes = 0;
    }
    link.incompleteBytes += frame.payload.length;
    if (!link.isDropping) this.#incompleteBytes += frame.payload.length;
    if (link.incompleteBytes > messageBytesMax && !link.isClosed) {
      this.#incompleteBytes -= link.incompleteBytes;
      link.isDropping = true;
      link.close({
        condition: 'amqp:link:message-size-exceeded',
        description: `A message has at most ${messageBytesMax} bytes.`,
      });
    }
    if (this.#incompleteBytes > incompleteBytesMax) {
      throw new AmqpViolation('amqp:resource-limit-exceeded', `Messages under way have at most ${incompleteBytesMax} bytes.`);
    }
    if (!isMore || isAborted) {
      if (!link.isDropping) this.#incompleteBytes -= link.incompleteBytes;
      link.incompleteBytes = undefined;
      if (isAborted) link.isDropping = true;
    }
    this.#feed(frame);
    if (link.isDropping && rheaLink._incomplete) rheaLink._incomplete.frames.length = 0;
    if (link.incompleteBytes === undefined && !link.isClosed) link.isDropping = false;
  }

  #flow(frame: Frame): void {
    const session = this.#sessionOf(frame);
    const { fields } = frame;
    checkFlow(frame);
    const rheaLink = (fields[4] ?? null) === null ? undefined : this.#linkOf(frame, session, 4);
    const isDrain = fields[8] === true;
    if (rheaLink && isDrain && this.#links.get(rheaLink)?.isIncoming && Number(fields[6] ?? 0) > 0) {
      throw new AmqpViolation('amqp:not-allowed', 'A sender cannot drain.');
    }
    const creditBefore = rheaLink?.credit ?? 0;
    this.#feed(frame);
    // A flow whose list ends before the credit says nothing of it; the library reckons with it all the same.
    if (rheaLink && Number.isNaN(rheaLink.credit)) rheaLink.credit = creditBefore;
    if (fields[9] === true && this.#phase === 'running') session._write_flow(rheaLink);
    // The library tells of credit; the window of a session is for links that write past it.
    if (session.outgoing.deliveries instanceof SparseDeliveries) this.#resumeTransfers(session);
  }

  #disposition(frame: Frame): void {
    checkDisposition(frame, this.#options.limits.dispositionMax);
    const session = this.#sessionOf(frame);
    if (session.outgoing.deliveries instanceof SparseDeliveries) {
      for (const answer of answerDisposition(frame, session)) this.#output.write(answer);
    }
    this.#feed(frame);
  }

  #detach(frame: Frame): void {
    const session = this.#sessionOf(frame);
    this.#linkOf(frame, session);
    this.#feed(frame);
    // The library forgets to: the handle may be used again.
    delete session.remote.handles[Number(frame.fields[0])];
  }

  #endSession(frame: Frame): void {
    const session = this.#sessionOf(frame);
    this.#feed(frame);
    for (const rheaLink of Object.values(session.links)) this.#gone(rheaLink);
    this.#endedSessions.delete(session);
    this.#sessions -= 1;
  }

  #sessionOf({ channel }: Frame): RheaSession {
    const session = this.#rhea.remote_channel_map[channel];
    if (!session) throw new AmqpViolation('amqp:not-allowed', 'There is no session on that channel.');
    return session;
  }

  #linkOf({ fields }: Frame, session: RheaSession, field = 0): RheaLink {
    const link = session.remote.handles[Number(fields[field] ?? Number.NaN)];
    if (!link) throw new AmqpViolation('amqp:session:unattached-handle', 'There is no link of that handle.');
    return link;
  }

  readonly #flush = (): boolean => {
    if (this.#phase !== 'running') return false;
    if (this.#isProcessing) {
      // It is in the middle of what it has to say.
      setImmediate(() => this.#resumeTransfers());
      return false;
    }
    this.#rhea._process();
    return true;
  };

  /** Hands a frame that was looked at to the library, which calls back from within. */
  #feed(frame: Frame): void {
    this.#socket.emit('data', frame.bytes);
  }

  #listenToLibrary(): void {
    const on = (event: string, listener: (context: RheaContext) => void) =>
      this.#rhea.on(event, (context: RheaContext) => {
        try {
          listener(context);
        } catch (error) {
          this.#fail(error);
        }
      });
    const nothing = () => {};
    for (const event of ['connection_error', 'disconnected', 'session_close', 'session_error', 'receiver_error', 'sender_error'])
      on(event, nothing);
    for (const event of ['error', 'protocol_error']) {
      this.#rhea.on(event, (error: unknown) => this.#fail(new AmqpViolation('amqp:not-allowed', describeLibraryError(error))));
    }
    on('connection_open', () => {
      const { open } = this.#rhea.remote;
      const { peerIdleMs, peerIdleMsMax } = this.#options.limits;
      if (!open) return;
      // A timer of the library's that is longer than timers can be would fire at once, for ever.
      open.idle_time_out = Math.min(open.idle_time_out || peerIdleMs, peerIdleMsMax);
    });
    on('connection_close', () => this.#end('disconnect', ''));
    on('session_open', ({ session }) => {
      this.#sessions += 1;
      if (session) session.local.begin.handle_max = this.#options.limits.sessionLinksMax - 1;
    });
    on('receiver_open', ({ receiver }) => receiver && this.#opened(receiver));
    on('sender_open', ({ sender }) => sender && this.#opened(sender));
    on('receiver_close', ({ receiver }) => receiver && this.#gone(receiver));
    on('sender_close', ({ sender }) => sender && this.#gone(sender));
    on('message', ({ receiver, delivery, message }) => {
      const link = receiver && this.#links.get(receiver);
      if (!link || !delivery) return;
      const arrived = link.arrived(delivery, message ?? Buffer.alloc(0));
      if (arrived) this.#wait(this.#handler?.message(arrived), nothing);
    });
    on('sendable', ({ sender }) => {
      const link = sender && this.#links.get(sender);
      if (!link) return;
      link.sendWaiting();
      this.#handler?.writable(link);
    });
    on('sender_draining', ({ sender }) => {
      // Who sends messages in numbers says itself when there are no more.
      if (!sender || (sender.credit > 0 && this.#links.get(sender)?.transfers)) return;
      useUpCredit(sender);
      sender.set_drained(true);
    });
    for (const outcome of outcomes) {
      on(outcome, ({ sender, delivery }) => {
        const link = sender && this.#links.get(sender);
        if (!link || !delivery) return;
        this.#settle(link, delivery, outcome);
      });
    }
  }

  /** Who settles second is answered when it is true. */
  #settle(link: AmqpLink, delivery: RheaDelivery, outcome: AmqpOutcome): void {
    const handler = this.#handler as AmqpHandler;
    handler
      .outcome(link, delivery.tag, outcome)
      .then((error) => {
        if (delivery.remote_settled || this.#phase === 'ended') return;
        delivery.update(true, error ? values.rejected(error) : values.outcome(outcome));
      })
      .catch((error) => this.#fail(error));
  }

  #opened(rheaLink: RheaLink): void {
    const [request, answer] = [this.#request, this.#answer];
    this.#request = undefined;
    this.#answer = undefined;
    if (!request || !answer) return;
    const { limits } = this.#options;
    const link = new AmqpLink(rheaLink, request, { values, limits, door: { output: this.#output, flush: this.#flush } });
    this.#links.set(rheaLink, link);
    if ('refuse' in answer) link.refuse(answer.refuse);
    else {
      link.open();
      answer.accept(link);
    }
  }

  #gone(rheaLink: RheaLink): void {
    const link = this.#links.get(rheaLink);
    if (!link) return;
    this.#links.delete(rheaLink);
    if (link.incompleteBytes !== undefined && !link.isDropping) this.#incompleteBytes -= link.incompleteBytes;
    const wasOpen = !link.isClosed;
    link.gone();
    if (wasOpen) this.#handler?.detached(link);
  }

  /** Goes on at once, or holds everything back until `result` is there. */
  #wait<T>(result: T | Promise<T>, then: (value: T) => void): void {
    if (!(result instanceof Promise)) {
      then(result);
      return;
    }
    this.#isBusy = true;
    result
      .then((value) => {
        this.#isBusy = false;
        if (this.#phase !== 'ended') then(value);
      })
      .catch((error) => {
        this.#isBusy = false;
        this.#fail(error);
      })
      .finally(() => this.#pump());
  }

  #fail(error: unknown): void {
    if (error instanceof AmqpViolation) {
      this.#end('protocol-violation', error.message, { condition: error.condition, description: error.message });
      return;
    }
    this.#options.onBug(error);
    this.#end('internal-error', '', { condition: 'amqp:internal-error', description: 'Something went wrong on our side.' });
  }

  /** The one way out. Everybody is told once; what is under way to the peer leaves first. */
  #end(reason: AmqpEndReason, detail: string, error?: AmqpError): void {
    if (this.#phase === 'ended') return;
    const wasPhase = this.#phase;
    this.#phase = 'ended';
    const links = [...this.#links.values()];
    this.#links.clear();
    // Node's SDK waits for its links and then its session to end before it lets go of a connection that was closed.
    const isHeard = reason !== 'disconnect' && reason !== 'connection-lost';
    for (const link of links) {
      if (isHeard) link.close(error);
      else link.gone();
    }
    this.#handler?.ended(reason, detail);
    if (!isHeard) {
      // The library answers a close with its own, a moment later.
      setImmediate(() => this.#finish());
      return;
    }
    if (wasPhase === 'open' || wasPhase === 'running') this.#writeClose(error);
    this.#finish();
  }

  #writeClose(error: AmqpError | undefined): void {
    this.#rhea.open();
    for (const session of Object.values(this.#rhea.remote_channel_map)) session?.end();
    this.#rhea._process();
    const body = encode.described(performative.close, encode.list(error ? [encodeError(error)] : []));
    const head = Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]);
    head.writeUInt32BE(head.length + body.length);
    this.#output.writeLast(Buffer.concat([head, body]));
  }

  #finish(): void {
    if (this.#phase !== 'ended') this.#end('connection-lost', '');
    this.#output.end();
  }
}

/** What a peer gets to answer the end of its connection. */
const leaveMsMax = 2_000;

function encodeError({ condition, description, info = {} }: AmqpError): Buffer {
  const pairs = Object.entries(info).map(
    ([name, value]) => [encode.symbol(name), typeof value === 'number' ? encode.int(value) : encode.string(value)] as const,
  );
  return encode.described(0x1d, encode.list([encode.symbol(condition), encode.string(description), encode.map(pairs)]));
}

function describeLibraryError(error: unknown): string {
  const text = error instanceof Error ? error.message : '';
  return text === '' ? 'What was sent has no place here.' : text.slice(0, 200);
}
