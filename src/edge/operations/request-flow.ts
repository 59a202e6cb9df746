import type { JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import type { OutboundPublish } from '../broker/local-client.ts';
import { type Command, commandTopic, isFinal, parseCommand, retained } from '../entities/command.ts';
import type { LocalNames } from '../entities/local-topic.ts';
import type { UploadFile } from '../upload/upload-file.ts';
import { type DesiredRequest, readDesired } from './desired-request.ts';
import { changeFrom } from './json-change.ts';
import { resultBytesMax } from './limits.ts';
import { isSameRequest, type RequestJournal, type StartedRequest } from './request-journal.ts';
import { isFinalState, progress, refusal } from './told-state.ts';
import type { Twin } from './twin-questions.ts';

export type RequestFlowOptions = LocalNames & {
  readonly journal: RequestJournal;
  /** Whether the agent of this device does an operation; undefined for one that it does not know. */
  readonly isEnabled: (operation: string) => boolean | undefined;
  readonly upload: UploadFile;
  /** Resolves when the broker has it; rejects when it cannot any more. */
  readonly send: (packets: readonly OutboundPublish[]) => Promise<void>;
  /** As `send`, for what the hub is to be told of an operation. */
  readonly sendReported: (operation: string, change: JsonObject) => Promise<void>;
  readonly signal: AbortSignal;
};

/** Commands of ours begin so: others on the broker are none of the twin's business. */
const idPrefix = 'az-';
/** Of the hub's answers to a report, those that it would give again: one text or the whole is larger than a twin holds. */
const contentRefusals = [400, 413];

/** Makes commands of what the twin asks for, once each, and tells the twin what becomes of them. */
export class RequestFlow {
  readonly #platform: Platform;
  readonly #options: RequestFlowOptions;
  /** Operations that somebody on the broker says are there. */
  readonly #offered = new Set<string>();
  /** Commands of ours that the broker has. */
  readonly #seen = new Set<string>();
  /** Operations of which the hub refused what it was told last. */
  readonly #untold = new Set<string>();
  #twin: Twin | undefined;

  constructor(platform: Platform, options: RequestFlowOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  /** Another connection: what the broker has, it will say. */
  beginAnew(): void {
    this.#seen.clear();
    this.#offered.clear();
  }

  async takeTwin(twin: Twin): Promise<void> {
    this.#twin = twin;
    await this.#consider(twin);
    for (const operation of this.#untold) {
      const newest = this.#options.journal.newestOf(operation);
      // What is asked for still has just been told.
      if (newest && !Object.hasOwn(twin.desired, operation)) await this.#report(operation, progress(newest.id, newest.state));
      this.#untold.delete(operation);
    }
  }

  /**
   * The hub refused what it was told of an operation, so that has not been told: the next twin shows what it has, and is told. Resolves with whether
   * there is something shorter to tell, for which it is worth asking at once.
   */
  async takeRefusal(operation: string, status: number): Promise<boolean> {
    const { journal } = this.#options;
    this.#untold.add(operation);
    await journal.forgetReported(operation);
    const newest = journal.newestOf(operation);
    if (!newest || !contentRefusals.includes(status)) return false;
    const { status: state, ...result } = newest.state;
    if (typeof state !== 'string' || Object.keys(result).every((name) => name === 'blob' || name === 'note')) return false;
    await journal.setState(newest, await this.#uploaded(newest, state, JSON.stringify(result)));
    return true;
  }

  async takeCapability(operation: string, isThere: boolean): Promise<void> {
    if (isThere === this.#offered.has(operation)) return;
    if (isThere) this.#offered.add(operation);
    else this.#offered.delete(operation);
    // Something may have been asked for before anybody knew of it.
    if (isThere && this.#twin && this.#options.isEnabled(operation) === undefined) await this.#consider(this.#twin);
  }

  /** What the broker has of a command. Throws Problem `malformed`. */
  async takeCommand(operation: string, commandId: string, payload: Buffer): Promise<void> {
    const { journal, send } = this.#options;
    if (!commandId.startsWith(idPrefix)) return;
    const id = commandId.slice(idPrefix.length);
    const key = keyOf({ operation, id });
    const request = journal.find(operation, id);
    const isOpen = request && !isFinalState(request.state);
    if (payload.length === 0) {
      this.#seen.delete(key);
      // By somebody else: we clear what has ended. Passed on again it might run twice.
      if (isOpen) await this.#setState(request, { status: 'failed', reason: 'The command was cleared on the device.' });
      return;
    }
    const command = parseCommand(payload);
    this.#seen.add(key);
    if (command.status === 'init') return;
    if (isOpen) await this.#setState(request, await this.#stateOf(request, command));
    // The requester clears what it has taken note of.
    if (isFinal(command)) await send([retained(commandTopic(this.#options, operation, commandId), undefined)]);
  }

  /** Told before it is noted: told twice does no harm. */
  async #setState(request: StartedRequest, state: JsonObject): Promise<void> {
    const { journal } = this.#options;
    if (journal.isNewest(request)) await this.#report(request.operation, progress(request.id, state));
    await journal.setState(request, state);
  }

  /** Looks at what is asked for, in the order in which it stands there. */
  async #consider(twin: Twin): Promise<void> {
    const { journal, isEnabled } = this.#options;
    const { $version, ...desired } = twin.desired;
    if (typeof $version === 'number') journal.setVersion($version);
    // Commands that ended with a broker, or with us before they were said; the agent knows those that it has.
    for (const request of journal.requests) {
      if (isFinalState(request.state) || this.#seen.has(keyOf(request)) || isEnabled(request.operation) === false) continue;
      await this.#passOn(request);
    }
    for (const [operation, value] of Object.entries(desired)) {
      // What is turned off is refused, whoever says that it is there: a broker keeps that beyond the agent's end.
      const enabled = isEnabled(operation) ?? (this.#offered.has(operation) || undefined);
      // Other properties are other programs'.
      if (enabled === undefined) continue;
      const request = readDesired(operation, value);
      if ('wrong' in request) await this.#report(operation, refusal(request.id, 400, request.wrong));
      else if (!enabled) await this.#report(operation, refusal(request.id, 403, 'This operation is turned off on the device.'));
      else await this.#see(request);
    }
  }

  async #see(request: DesiredRequest): Promise<void> {
    const { journal } = this.#options;
    const { operation, id } = request;
    const started = journal.find(operation, id);
    if (!started) {
      await journal.start(request);
      await this.#passOn(request);
      return this.#report(operation, progress(id, { status: 'init' }));
    }
    if (!isSameRequest(request, started)) {
      return this.#report(operation, refusal(id, 409, 'Another request had this id: a new request needs a new id.'));
    }
    if (!journal.isNewest(started)) await journal.touch(started);
    await this.#report(operation, progress(id, started.state));
  }

  #passOn({ operation, id, fields }: DesiredRequest): Promise<void> {
    const topic = commandTopic(this.#options, operation, idPrefix + id);
    return this.#options.send([retained(topic, { ...fields, status: 'init' })]);
  }

  /** What a command says beyond what was asked. What is too large for a twin goes up as a file. */
  async #stateOf(request: StartedRequest, command: Command): Promise<JsonObject> {
    const { fields } = request;
    const { status, ...rest } = command;
    const result = Object.fromEntries(Object.entries(rest).filter(([name]) => !Object.hasOwn(fields, name)));
    const text = JSON.stringify(result);
    if (Buffer.byteLength(text) <= resultBytesMax) return { ...result, status };
    return this.#uploaded(request, status, text);
  }

  async #uploaded({ operation, id }: StartedRequest, status: string, text: string): Promise<JsonObject> {
    const { upload, signal } = this.#options;
    try {
      return { status, blob: await upload(`${operation}/${id}.json`, Buffer.from(text), signal) };
    } catch (error) {
      if (signal.aborted) throw error;
      const why = error instanceof Error ? error.message : String(error);
      this.#platform.log.warn('operations.upload-failed', { operation, id, error: why });
      return { status, note: `The result is too large for the twin, and was not uploaded. ${why}`.slice(0, 1_000) };
    }
  }

  /** Tells the twin, unless it was told just that. Resolves when the bridge has it, so that it is not lost with us. */
  async #report(operation: string, told: JsonObject): Promise<void> {
    const { journal, sendReported } = this.#options;
    const value = { ...told, av: journal.version };
    const before = journal.reportedOf(operation);
    const atHub = this.#twin?.reported[operation];
    // A twin without it is that of a device that was made anew.
    const isThere = this.#twin === undefined || atHub !== undefined;
    if (isThere && JSON.stringify(before) === JSON.stringify(value)) return;
    // Of both: an earlier report may still be on its way to the hub.
    await sendReported(operation, { [operation]: changeFrom([atHub, before], value) });
    if (this.#twin) this.#twin = { ...this.#twin, reported: { ...this.#twin.reported, [operation]: value } };
    await journal.setReported(operation, value);
  }
}

function keyOf({ operation, id }: Pick<DesiredRequest, 'operation' | 'id'>): string {
  return `${operation}/${id}`;
}
