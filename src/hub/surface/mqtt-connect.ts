import { accept, refuse, type TraceStep, type Verdict } from '#trust/verdict.ts';
import { parseDeviceTopic } from '#wire/azure/hub-topics.ts';
import { parseMqttUserName } from '#wire/azure/user-name.ts';
import type { ConnectPacket } from '#wire/mqtt/packet.ts';
import { identityName } from '../identity.ts';

/** What a CONNECT says of itself; nothing of it is proven yet. */
export type HubConnect = {
  readonly deviceId: string;
  /** Undefined for the device itself. */
  readonly moduleId?: string;
  /** Empty when the device announced none. */
  readonly modelId: string;
  readonly clientType: string | undefined;
  readonly will: { readonly bag: string; readonly payload: Buffer; readonly isRetained: boolean } | undefined;
};

/** Any dated version is accepted (4.1): the number is not looked at further. */
const apiVersionPattern = /^\d{4}-\d{2}-\d{2}(?:-preview)?$/;

/** An interface id of DTDL has at most 128 characters; what is stored with every message has some bound. */
const modelIdCharactersMax = 256;

/** Reads user name, client id and will of a CONNECT (hub-device-protocol.md 4.1, 4.4). */
export function readHubConnect(connect: ConnectPacket, hostName: string): Verdict<HubConnect> {
  const trace: TraceStep[] = [];
  const pass = (check: string): void => {
    trace.push({ check, passed: true });
  };

  const name = parseMqttUserName(connect.userName ?? '');
  if (name?.kind !== 'hub') {
    return refuse('user-name-malformed', 'The user name must be {hub}/{device id}/?api-version=…', { trace, check: 'user name' });
  }
  pass('user name');
  if (name.hostName.toLowerCase() !== hostName.toLowerCase()) {
    return refuse('host-refused', `The user name names the hub ${name.hostName}; this one is ${hostName}.`, {
      trace,
      check: 'hub name',
      fix: `Use the host name ${hostName} in the device's connection settings.`,
    });
  }
  pass('hub name');
  if (name.apiVersion === undefined || !apiVersionPattern.test(name.apiVersion)) {
    return refuse('api-version-missing', 'The user name must carry api-version=YYYY-MM-DD.', { trace, check: 'api-version' });
  }
  pass('api-version');
  const identity = identityName(name);
  if (connect.clientId !== identity) {
    return refuse('client-id-mismatch', `The client id is ${connect.clientId}, the user name says ${identity}.`, {
      trace,
      check: 'client id',
    });
  }
  pass('client id');
  const { modelId = '' } = name;
  if (modelId.length > modelIdCharactersMax || /\p{Cc}/u.test(modelId)) {
    return refuse('user-name-malformed', `A model id has at most ${modelIdCharactersMax} characters, and none that controls.`, {
      trace,
      check: 'model id',
    });
  }
  const { will } = connect;
  const bag = will && telemetryBagOf(identity, will.topic);
  if (will && (bag === undefined || will.qos === 2)) {
    return refuse('will-invalid', "A will goes to the sender's own telemetry topic with QoS 0 or 1.", { trace, check: 'will' });
  }
  return accept(
    {
      deviceId: name.deviceId,
      ...(name.moduleId === undefined ? {} : { moduleId: name.moduleId }),
      modelId,
      clientType: name.clientType,
      will: will && bag !== undefined ? { bag, payload: will.payload, isRetained: will.retain } : undefined,
    },
    trace,
  );
}

/** The bag of an identity's own telemetry topic; undefined for any other topic. */
function telemetryBagOf(identity: string, text: string): string | undefined {
  const topic = parseDeviceTopic(text);
  return topic?.kind === 'telemetry' && identityName(topic) === identity ? topic.bag : undefined;
}
