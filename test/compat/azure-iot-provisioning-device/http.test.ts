import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import provisioning from 'azure-iot-provisioning-device';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import security from 'azure-iot-security-x509';
import type { JsonObject } from '#base/json.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

type Answer = { status: number; retryAfter: string | undefined; body: JsonObject };

describe('registration over HTTPS', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
  });
  after(() => bench?.close());

  /** As curl and the agent of IoT Edge ask. */
  function ask(identity: Identity, method: string, path: string, json?: unknown): Promise<Answer> {
    const { hostName, idScope, httpsPort } = bench.home.status.dps;
    const body = json === undefined ? undefined : JSON.stringify(json);
    return new Promise((resolve, reject) => {
      const sent = request({
        host: hostName,
        port: httpsPort,
        servername: '',
        method,
        path: `/${idScope}/registrations/${path}?api-version=2021-06-01`,
        ca: bench.home.ca,
        agent: false,
        cert: identity.cert,
        key: identity.key,
        headers: body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            body: text === '' ? {} : JSON.parse(text),
          }),
        );
      });
      sent.end(body);
    });
  }

  test('dps 40: azure-iot-provisioning-device-http registers, its polls carrying a body', async () => {
    const identity = bench.leafOf('http-1');
    const { hostName, idScope } = bench.home.status.dps;
    const credential = new security.X509Security('http-1', { cert: identity.cert, key: identity.key });
    const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new provisioningHttp.Http(), credential);
    client.setProvisioningPayload({ modelId: 'dtmi:com:example:azuresphere:thermometer;1' });
    const result = await client.register();
    assert.equal(result?.status, 'assigned');
    assert.equal(result?.assignedHub, bench.home.status.hub.hostName);
    assert.ok((await bench.devices()).includes('http-1'));
  });

  test('dps 40: a leaf for another name is refused over HTTPS too, and the SDK says unauthorized', async () => {
    const identity = bench.leafOf('http-2');
    const { hostName, idScope } = bench.home.status.dps;
    const credential = new security.X509Security('http-3', { cert: identity.cert, key: identity.key });
    const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new provisioningHttp.Http(), credential);
    await assert.rejects(async () => client.register(), { name: 'UnauthorizedError' });
    assert.equal((await bench.refusal('http-3')).reason, 'common-name-mismatch');
    assert.equal((await bench.devices()).includes('http-3'), false);
  });

  test('dps 41, 42: the agent of IoT Edge gets 202 on every register, polls, and curl looks the state up', async () => {
    const identity = bench.leafOf('edge-1');
    let registered = await ask(identity, 'PUT', 'edge-1/register', { registrationId: 'edge-1' });
    for (let i = 0; i < 2; i++) {
      assert.equal(registered.status, 202);
      assert.equal(registered.retryAfter, '3');
      assert.equal(registered.body.status, 'assigning');
      const { operationId } = registered.body;
      const polled = await eventually(async () => {
        const answer = await ask(identity, 'GET', `edge-1/operations/${operationId}`);
        return answer.status === 200 ? answer : undefined;
      });
      assert.equal(polled.body.status, 'assigned');
      assert.equal((polled.body.registrationState as JsonObject).registrationId, 'edge-1');
      registered = await ask(identity, 'PUT', 'edge-1/register', { registrationId: 'edge-1' });
    }
    const looked = await ask(identity, 'POST', 'edge-1', { registrationId: 'edge-1' });
    assert.equal(looked.status, 200);
    assert.equal(looked.body.status, 'assigned');
    assert.equal(looked.body.deviceId, 'edge-1');
    assert.equal('operationId' in looked.body, false);
  });
});
