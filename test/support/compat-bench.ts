import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { RawRow } from '#central/contract/ui-data.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { openCentralClient } from './central-client.ts';
import { makeCa, makeLeaf, makeOriginalProof, makeSelfSigned, type OddRequest, type TestCertificate } from './certificates.ts';
import { eventually } from './eventually.ts';
import { startHomeport } from './start-homeport.ts';
import { openWire, type WireOptions } from './wire-device.ts';

export type KeptRefusal = {
  service: string;
  reason: string;
  subject: string;
  detail: string;
  trace: { check: string; passed: boolean }[];
  times: number;
};

/** The model that the shipped thermometer template is for: it has a writable property and a command. */
export const thermometerModel = 'dtmi:com:example:azuresphere:thermometer;1';

/**
 * A real server with a factory's certificates: a root whose possession is proven in the enrollment
 * group `factory`, a line below it, and devices below the line.
 */
export async function openCompatBench(environment: Readonly<Record<string, string>> = {}, parameters: readonly string[] = []) {
  const home = await startHomeport(parameters, environment);
  const central = await openCentralClient(home);
  const now = systemClock.now();
  const dates = { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) };
  const root = makeCa({ name: 'Factory Root', ...dates });
  const line = makeCa({ name: 'Factory Line 1', issuer: root, ...dates });

  const proofOf = (authority: TestCertificate, code: string, request: OddRequest = {}) =>
    makeOriginalProof(authority, code, { ...dates, ...request });

  /** Puts a certificate into a group's primary slot and returns its code. */
  async function uploadTo(groupId: string, authority: TestCertificate): Promise<string> {
    const group = `/api/enrollmentGroups/${groupId}`;
    await central.ok('PUT', group, { displayName: groupId, type: 'iot', attestation: { type: 'x509' } });
    await central.ok('PUT', `${group}/certificates/primary`, { certificate: authority.der.toString('base64') });
    const { verificationCode } = await central.ok('POST', `${group}/certificates/primary/generateVerificationCode`);
    return String(verificationCode);
  }

  const verifyIn = (groupId: string, proof: TestCertificate) =>
    central.call('POST', `/api/enrollmentGroups/${groupId}/certificates/primary/verify`, {
      certificate: proof.der.toString('base64'),
    });

  async function enroll(groupId: string, authority: TestCertificate): Promise<void> {
    const { status, body } = await verifyIn(groupId, proofOf(authority, await uploadTo(groupId, authority)));
    assert.ok(status < 300, JSON.stringify(body));
  }

  await enroll('factory', root);

  /** A device's certificate, with the key and, below the leaf, what it sends along. */
  function leafOf(
    name: string,
    request: Partial<Parameters<typeof makeLeaf>[0]> = {},
    chain: readonly TestCertificate[] = [line],
  ) {
    return identityOf(makeLeaf({ name, issuer: line, ...dates, ...request }), chain);
  }

  function selfSignedOf(name: string, request: OddRequest = {}) {
    return identityOf(makeSelfSigned(name, { ...dates, ...request }), []);
  }

  const wire = (options: WireOptions = {}) =>
    openWire({ host: home.address, port: home.status.hub.mqttPort, ca: home.ca, ...options });

  /** CONNECT to the hub as the device, in the way of Node's SDK. */
  async function dialHub(identity: Identity | undefined, deviceId: string, options: Partial<WireOptions> & HubConnect = {}) {
    const { userName, clientId, keepAliveSeconds, cleanSession, password, modelId, ...rest } = options;
    const device = await wire({ ...rest, ...(identity && { identity }) });
    const model = modelId === undefined ? '' : `&model-id=${modelId}`;
    const code = await device.connect({
      clientId: clientId ?? deviceId,
      userName: userName ?? `${home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12${model}`,
      keepAliveSeconds: keepAliveSeconds ?? 180,
      cleanSession: cleanSession ?? false,
      ...(password === undefined ? {} : { password }),
    });
    return Object.assign(device, { code });
  }

  async function dialDps(
    identity: Identity | undefined,
    registrationId: string,
    options: Partial<WireOptions> & DpsConnect = {},
  ) {
    const { cleanSession, idScope, keepAliveSeconds, ...rest } = options;
    const device = await wire({ ...rest, ...(identity && { identity }) });
    const code = await device.connect({
      clientId: registrationId,
      userName: `${idScope ?? home.status.dps.idScope}/registrations/${registrationId}/api-version=2019-03-31&ClientVersion=test`,
      keepAliveSeconds: keepAliveSeconds ?? 60,
      cleanSession: cleanSession ?? true,
    });
    return Object.assign(device, { code });
  }

  /** Registers on the wire and polls at once: normal assignment is finished by then or a moment later. */
  async function register(identity: Identity, registrationId: string, payload?: JsonObject): Promise<DpsResult> {
    const device = await dialDps(identity, registrationId);
    try {
      await device.subscribe(['$dps/registrations/res/#', 1]);
      const first = await device.ask(
        '$dps/registrations/PUT/iotdps-register/?$rid=1',
        JSON.stringify({ registrationId, payload }),
      );
      let answer = resultOf(first);
      while (answer.status === 202) {
        const { operationId } = answer.body;
        answer = resultOf(
          await device.ask(`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationId=${operationId}`, ' '),
        );
      }
      return answer;
    } finally {
      device.disconnect();
    }
  }

  /** A device that is registered with the thermometer's model, so that Central knows its property and its command. */
  async function registerThermometer(registrationId: string) {
    const identity = leafOf(registrationId);
    const { body } = await register(identity, registrationId, { modelId: thermometerModel });
    assert.equal(body.status, 'assigned', JSON.stringify(body));
    return identity;
  }

  const refusals = async (subject?: string): Promise<KeptRefusal[]> =>
    JSON.parse(await home.ok('homeport', ['refusals', '--json', '--limit', '500', ...(subject ? ['--subject', subject] : [])]));

  return {
    home,
    central,
    root,
    line,
    dates,
    now,
    proofOf,
    uploadTo,
    verifyIn,
    enroll,
    leafOf,
    selfSignedOf,
    wire,
    dialHub,
    dialDps,
    register,
    registerThermometer,
    refusals,
    /** The newest refusal of `subject`, once it is there. */
    refusal: (subject: string) => eventually(async () => (await refusals(subject))[0]),
    async devices(): Promise<string[]> {
      const { value } = await central.ok('GET', '/api/devices');
      return (value as JsonObject[]).map(({ id }) => String(id));
    },
    async hubDevices(): Promise<string[]> {
      const devices = JSON.parse(await home.ok('homeport', ['hub', 'device', 'list', '--json']));
      return (devices as JsonObject[]).map(({ deviceId }) => String(deviceId));
    },
    async createHubDevice(deviceId: string, thumbprints: { primary?: string; secondary?: string } | 'ca'): Promise<void> {
      const words =
        thumbprints === 'ca'
          ? ['x509_ca']
          : [
              'x509_thumbprint',
              ...(thumbprints.primary ? ['--primary-thumbprint', thumbprints.primary] : []),
              ...(thumbprints.secondary ? ['--secondary-thumbprint', thumbprints.secondary] : []),
            ];
      await home.ok('homeport', ['hub', 'device', 'create', '--device-id', deviceId, '--auth-method', ...words]);
    },
    /** Uploads a CA to the hub itself and, unless told otherwise, proves it. */
    async trustAtHub(certificateId: string, authority: TestCertificate, options: { isProven: boolean } = { isProven: true }) {
      const file = (name: string, bytes: Buffer): string => {
        const path = join(home.folder, name);
        writeFileSync(path, bytes);
        return path;
      };
      const certificate = file(`${certificateId}.cer`, authority.der);
      await home.ok('homeport', ['hub', 'certificate', 'upload', '--name', certificateId, '--path', certificate]);
      if (!options.isProven) return;
      const code = (await home.ok('homeport', ['hub', 'certificate', 'code', '--name', certificateId])).trim();
      const proof = file(`${certificateId}-proof.cer`, proofOf(authority, code).der);
      await home.ok('homeport', ['hub', 'certificate', 'verify', '--name', certificateId, '--path', proof]);
    },
    /** What arrived from the device, newest first. */
    async raw(deviceId: string): Promise<RawRow[]> {
      return ((await central.ok('GET', `/api/ui/devices/${deviceId}/raw?limit=200`)) as unknown as { value: RawRow[] }).value;
    },
    /** The telemetry with this body, once it is stored. */
    arrival(deviceId: string, body: string): Promise<RawRow> {
      return eventually(async () => (await this.raw(deviceId)).find((row) => row.source === 'Telemetry' && row.body === body));
    },
    async isConnected(deviceId: string): Promise<boolean> {
      const { connection } = await central.ok('GET', `/api/ui/devices/${deviceId}`);
      return (connection as JsonObject).isConnected === true;
    },
    close: () => home.close(),
  };
}

export type CompatBench = Awaited<ReturnType<typeof openCompatBench>>;
export type Identity = ReturnType<typeof identityOf>;
type HubConnect = {
  userName?: string;
  clientId?: string;
  keepAliveSeconds?: number;
  cleanSession?: boolean;
  password?: Buffer;
  modelId?: string;
};
type DpsConnect = { cleanSession?: boolean; idScope?: string; keepAliveSeconds?: number };
export type DpsResult = { status: number; body: JsonObject };

export function identityOf(leaf: TestCertificate, chain: readonly TestCertificate[]) {
  return { leaf, cert: [leaf, ...chain].map(({ pem }) => pem).join(''), key: exportPrivateKeyPem(leaf.privateKey) };
}

export function resultOf(message: { topic: string; body: string }): DpsResult {
  return { status: Number(message.topic.split('/')[3]), body: JSON.parse(message.body) };
}
