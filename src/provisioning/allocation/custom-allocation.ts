import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import type { InitialTwin } from './allocation-settings.ts';
import type { HubChoice, HubRequest } from './choose-hub.ts';
import { findLinkedHub, type LinkedHub } from './linked-hubs.ts';

export type AskWebhook = (request: HubRequest, candidates: readonly LinkedHub[]) => Promise<HubChoice>;

/** dps-service-protocol.md 2.2 and 4.5. */
const errors = { failed: 400207, noHub: 400208, unauthorized: 400209 } as const;

/**
 * Asks an enrollment's own webhook for the hub (dps-service-protocol.md 4.5). Whatever goes wrong is the
 * result of the registration, told to the device; why in detail is for the log alone, which holds no URL.
 */
export function buildAskWebhook(platform: Platform, outgoing: Pick<Outgoing, 'post'>): AskWebhook {
  return async (request, candidates) => {
    const { registrationId, settings } = request;
    const { webhook } = settings;
    const fail = (errorCode: number, errorMessage: string, reason: string): HubChoice => {
      platform.log.warn('allocation.failed', { registrationId, errorCode, reason });
      return { outcome: 'failed', errorCode, errorMessage };
    };
    if (!webhook) return fail(errors.failed, 'Custom allocation failed: the enrollment names no webhook.', 'webhook-missing');
    let answer: { status: number; body: Buffer };
    try {
      answer = await outgoing.post({ url: webhook.url, json: formatRequest(request, candidates) });
    } catch (error) {
      const { code, reason, message } = asProblem(error);
      if (code !== 'unavailable') throw error;
      if (reason === 'too-many-calls') return { outcome: 'wait' };
      return fail(errors.failed, `Custom allocation failed: ${summaries[reason ?? ''] ?? 'no answer'}.`, message);
    }
    const { status, body } = answer;
    if (status === 401 || status === 403) {
      return fail(errors.unauthorized, `Custom allocation failed with status code: ${status}`, 'unauthorized');
    }
    if (status < 200 || status > 299) {
      return fail(errors.failed, `Custom allocation failed with status code: ${status}`, 'status');
    }
    const reply = readReply(body);
    if (typeof reply === 'string') return fail(errors.failed, `Custom allocation failed: ${reply}.`, reply);
    const link = reply.iotHubHostName === undefined ? undefined : findLinkedHub(candidates, reply.iotHubHostName);
    if (!link) {
      const named = reply.iotHubHostName === undefined ? 'no hub' : 'a hub that the enrollment does not allow';
      return fail(errors.noHub, `Custom allocation named ${named}.`, named);
    }
    const { initialTwin, payload } = reply;
    return { outcome: 'chosen', link, ...(initialTwin && { initialTwin }), ...(payload && { payload }) };
  };
}

/** What a device is told of a call that brought no answer: nothing about where it went. */
const summaries: Readonly<Record<string, string>> = {
  'target-refused': 'the webhook must not be called',
  'target-unreachable': 'the webhook cannot be reached',
  'target-timeout': 'the webhook did not answer in time',
  'request-too-large': 'the request for the webhook is too large',
  'answer-too-large': 'the answer of the webhook is too large',
};

function formatRequest(request: HubRequest, candidates: readonly LinkedHub[]) {
  const { registrationId, enrollment, current, attestation, payload } = request;
  return {
    ...enrollment,
    deviceRuntimeContext: {
      registrationId,
      ...(current && { currentIotHubHostName: current.hubHostName, currentDeviceId: current.deviceId }),
      [attestation]: {},
      ...(payload !== undefined && { payload }),
    },
    linkedHubs: candidates.map(({ hub }) => hub.hostName),
  };
}

type Reply = { iotHubHostName?: string; initialTwin?: InitialTwin; payload?: JsonObject };

/** The reply, or what is wrong with it. */
function readReply(body: Buffer): Reply | string {
  let value: Json;
  try {
    value = parseJson(body, { bytesMax: body.length });
  } catch {
    return 'the answer of the webhook is not JSON';
  }
  if (!isJsonObject(value)) return 'the answer of the webhook is not an object';
  const { iotHubHostName, initialTwin, payload } = value;
  // Java's and the embedded C SDK read an object and nothing else (dps-device-protocol.md 6.3).
  if (payload !== undefined && payload !== null && !isJsonObject(payload)) return 'its payload is not an object';
  if (initialTwin !== undefined && initialTwin !== null && !isJsonObject(initialTwin)) return 'its initialTwin is not an object';
  const twin = isJsonObject(initialTwin) ? twinOf(initialTwin) : undefined;
  return {
    ...(typeof iotHubHostName === 'string' && { iotHubHostName }),
    ...(twin && { initialTwin: twin }),
    ...(isJsonObject(payload) && { payload }),
  };
}

function twinOf({ tags, properties }: JsonObject): InitialTwin {
  const desired = isJsonObject(properties) ? properties.desired : undefined;
  return { ...(isJsonObject(tags) && { tags }), ...(isJsonObject(desired) && { desired }) };
}
