import type { Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import {
  type DpsResponseTopic,
  dpsResponseFilter,
  formatDpsPollTopic,
  formatDpsRegisterTopic,
  parseDpsResponseTopic,
} from '#wire/azure/dps-topics.ts';
import { formatProvisioningUserName } from '#wire/azure/user-name.ts';
import type { ClientIdentity, Network } from './connection.ts';
import { type MqttConnection, openMqttConnection } from './mqtt-connection.ts';

export type Assignment = { readonly hubHostName: string; readonly deviceId: string };

/** DPS answered, and the answer is no. */
export class RegistrationRefused extends Error {
  readonly status: number;
  readonly errorCode: number | undefined;

  constructor(status: number, errorCode: number | undefined, detail: string) {
    super(detail);
    this.name = 'RegistrationRefused';
    this.status = status;
    this.errorCode = errorCode;
  }
}

/** The samples give up after this long (sphere.md 6.2). */
const registrationMsMax = 10 * secondMs;
const apiVersion = '2019-03-31';
const defaultWaitSeconds = 2;

type DpsAnswer = Pick<DpsResponseTopic, 'status' | 'retryAfterSeconds'> & { readonly body: JsonObject };

export type RegistrationRequest = {
  readonly clock: Clock;
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  readonly idScope: string;
  readonly registrationId: string;
  readonly identity: ClientIdentity;
  /** Sent as `payload.modelId`. */
  readonly modelId: string | undefined;
};

/** Registers over MQTT with a daily certificate and polls until assigned (dps-device-protocol.md 5 to 7). */
export async function registerDevice(request: RegistrationRequest): Promise<Assignment> {
  const { clock, registrationId, idScope, modelId } = request;
  const conversation = new Conversation(clock);
  const connection = await openMqttConnection({
    ...request,
    connect: {
      clientId: registrationId,
      userName: formatProvisioningUserName({ idScope, registrationId, apiVersion, clientVersion: 'homeport-simulator' }),
      keepAliveSeconds: 0,
      cleanSession: true,
    },
    onMessage: ({ topic, payload }) => conversation.receive(topic, payload),
  });
  // As the C library does, a poll carries the same body as the registration.
  const body = JSON.stringify({ registrationId, ...(modelId === undefined ? {} : { payload: { modelId } }) });
  try {
    await conversation.begin(connection);
    return await registerAndPoll(conversation, body, clock);
  } finally {
    conversation.end();
    connection.disconnect();
  }
}

async function registerAndPoll(conversation: Conversation, body: string, clock: Clock): Promise<Assignment> {
  let operationId: string | undefined;
  for (;;) {
    const answer = await conversation.ask(
      (requestId) => (operationId === undefined ? formatDpsRegisterTopic(requestId) : formatDpsPollTopic(requestId, operationId)),
      body,
    );
    const assignment = readAnswer(answer);
    if (assignment) return assignment;
    if (typeof answer.body.operationId === 'string') operationId = answer.body.operationId;
    const seconds = answer.retryAfterSeconds ?? defaultWaitSeconds;
    await conversation.orEnd(new Promise<void>((resolve) => clock.after(seconds * secondMs, resolve)));
  }
}

/** Requests and answers over one connection, one at a time, until it ends or time is up. */
class Conversation {
  readonly #over = Promise.withResolvers<never>();
  readonly #cancel: () => void;
  #connection: MqttConnection | undefined;
  #requestId = 0;
  #waiting: { requestId: string; resolve: (answer: DpsAnswer) => void } | undefined;

  constructor(clock: Clock) {
    // After the last answer nobody listens to how the conversation ended.
    this.#over.promise.catch(() => {});
    this.#cancel = clock.after(registrationMsMax, () =>
      this.#over.reject(new Error('DPS did not finish the registration in time.')),
    );
  }

  async begin(connection: MqttConnection): Promise<void> {
    this.#connection = connection;
    void connection.closed.then((reason) => this.#over.reject(new Error(`The connection to DPS ended (${reason}).`)));
    await this.orEnd(
      new Promise<void>((resolve) => connection.subscribe([{ filter: dpsResponseFilter, qos: 1 }], () => resolve())),
    );
  }

  async ask(topicOf: (requestId: string) => string, payload: string): Promise<DpsAnswer> {
    const requestId = String(++this.#requestId);
    const answered = new Promise<DpsAnswer>((resolve) => {
      this.#waiting = { requestId, resolve };
    });
    this.#connection?.publish({ topic: topicOf(requestId), payload, qos: 1 });
    return this.orEnd(answered);
  }

  receive(topic: string, payload: Buffer): void {
    const response = parseDpsResponseTopic(topic);
    if (!response || response.requestId !== this.#waiting?.requestId) return;
    this.#waiting.resolve({ ...response, body: parseBody(payload) });
    this.#waiting = undefined;
  }

  orEnd<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#over.promise]);
  }

  end(): void {
    this.#cancel();
  }
}

/** The assignment, undefined while there is none yet. Throws when there will be none. */
function readAnswer({ status, body }: DpsAnswer): Assignment | undefined {
  if (status === 429 || status >= 500) return undefined;
  if (status >= 300) throw refused(status, body.errorCode, body.message);
  if (body.status === 'assigning') return undefined;
  const state = isJsonObject(body.registrationState) ? body.registrationState : {};
  if (body.status !== 'assigned') throw refused(status, state.errorCode, state.errorMessage ?? body.status);
  if (typeof state.assignedHub !== 'string' || typeof state.deviceId !== 'string')
    throw refused(status, undefined, 'No hub was assigned.');
  return { hubHostName: state.assignedHub, deviceId: state.deviceId };
}

function refused(status: number, errorCode: Json | undefined, message: Json | undefined): RegistrationRefused {
  const detail = typeof message === 'string' ? printable(message, 300) : 'DPS gave no reason.';
  return new RegistrationRefused(status, typeof errorCode === 'number' ? errorCode : undefined, detail);
}

function parseBody(payload: Buffer): JsonObject {
  try {
    const body = parseJson(payload);
    return isJsonObject(body) ? body : {};
  } catch {
    return {};
  }
}
