import assert from 'node:assert/strict';
import { createServer, request } from 'node:https';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeLeaf, type TestCertificate } from '#test/support/certificates.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { listenFor, makeServerIdentity } from '#test/support/sphere-installation.ts';

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: JsonObject };
type Asked = { leaf?: TestCertificate | undefined; body?: string; headers?: Record<string, string> };

describe('provisioning on HTTPS', () => {
  let bench: ProvisioningBench;
  let port: number;
  let leaf: TestCertificate;
  const cleanups: (() => void | Promise<void>)[] = [];
  before(async () => {
    const identity = await makeServerIdentity();
    const options = { cert: identity.certificatePem, key: identity.privateKeyPem, requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (incoming, response) => bench.provisioning.http(incoming, response));
    port = await listenFor({ after: (cleanup) => cleanups.push(cleanup) }, server, 0);
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  beforeEach(async () => {
    bench = await openProvisioningBench();
    leaf = makeLeaf({ issuer: bench.ca, name: 'dev1' });
  });
  afterEach(() => bench.close());

  function ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const { body, headers = {} } = asked;
    const shown = 'leaf' in asked ? asked.leaf : leaf;
    return new Promise((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        rejectUnauthorized: false,
        headers: body === undefined ? headers : { 'content-length': String(Buffer.byteLength(body)), ...headers },
        ...(shown ? { cert: shown.pem, key: exportPrivateKeyPem(shown.privateKey) } : {}),
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: text === '' ? {} : JSON.parse(text) });
        });
      });
      sent.end(body);
    });
  }

  const path = (rest: string, id = 'dev1') => `/${bench.provisioning.idScope}/registrations/${id}${rest}`;
  const version = '?api-version=2019-03-31';
  const register = (asked: Asked = { body: '{"registrationId":"dev1"}' }) => ask('PUT', path(`/register${version}`), asked);
  const poll = (operationId: unknown, asked: Asked = {}) => ask('GET', path(`/operations/${operationId}${version}`), asked);

  test('dps 23, 46: above a rate register and poll are 429 with Retry-After; a stranger uses nothing up', async () => {
    await bench.close();
    bench = await openProvisioningBench({
      rates: { registrationsPerMinute: 2, pollsPerTenSeconds: 5, operationsPerMinute: 0 },
    });
    const stranger = leaf;
    for (let i = 0; i < 5; i++) assert.equal((await register({ leaf: stranger, body: '{}' })).status, 401);
    leaf = makeLeaf({ issuer: bench.ca, name: 'dev1' });
    await register();
    const { operationId } = (await register()).body;
    const third = await register();
    assert.equal(third.status, 429);
    assert.equal(third.headers['retry-after'], '30');
    assert.equal(third.headers['x-ms-error-code'], '429001');
    assert.equal(third.body.errorCode, 429001);
    for (let i = 0; i < 5; i++) assert.equal((await poll(operationId)).status, 200);
    const sixth = await poll(operationId);
    assert.equal(sixth.status, 429);
    assert.equal(sixth.headers['retry-after'], '2');
    bench.clock.advance(30_000);
    assert.equal((await register()).status, 202);
    assert.equal((await poll(operationId)).status, 200);
  });

  test('dps 41: register answers 202 with Retry-After, never 200, even when the device is assigned already', async () => {
    const first = await register();
    await poll(first.body.operationId);
    for (const answer of [first, await register(), await register({ body: '' })]) {
      assert.equal(answer.status, 202);
      assert.equal(answer.headers['retry-after'], '3');
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(answer.body.status, 'assigning');
    }
  });

  test('dps 40: a poll with a body of {}, as Node sends it, is answered', async () => {
    const { body } = await register();
    const answer = await poll(body.operationId, { body: '{}', headers: { 'content-type': 'application/json; charset=utf-8' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.status, 'assigned');
    assert.equal((answer.body.registrationState as JsonObject).assignedHub, bench.hub.hostName);
  });

  test('dps 42: the look-up gives the state alone, and 404 before there is one', async () => {
    const before = await ask('POST', path(version), { body: '{"registrationId":"dev1"}' });
    assert.equal(before.status, 404);
    assert.equal(before.body.errorCode, 404202);
    const { body } = await register();
    await poll(body.operationId);
    const answer = await ask('POST', path(version), { body: '{"registrationId":"dev1"}' });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.status, 'assigned');
    assert.equal(answer.body.deviceId, 'dev1');
    assert.equal('registrationState' in answer.body, false);
    assert.equal((await ask('POST', path(version), { body: '{"csr":"MII="}' })).status, 400);
  });

  test('an odd Content-Encoding of curl samples is not decoded', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'utf-8' };
    assert.equal((await register({ body: '{"registrationId":"dev1"}', headers })).status, 202);
  });

  test('forceRegistration and unknown parameters change nothing', async () => {
    assert.equal((await ask('PUT', path(`/register${version}&forceRegistration=true`), { body: '{}' })).status, 202);
  });

  for (const query of ['', '?api-version=', '?api-version=latest']) {
    test(`without a date as api-version (${query || 'none'}) the answer is 400`, async () => {
      const answer = await ask('PUT', path(`/register${query}`), { body: '{}' });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers['x-ms-error-code'], String(answer.body.errorCode));
      assert.equal(await bench.hub.registry.load('dev1'), undefined);
    });
  }

  for (const [what, body, status, reason] of [
    ['more than 96 KB', JSON.stringify({ payload: 'x'.repeat(96 * 1024) }), 413, 'message-too-large'],
    ['no JSON', '{', 400, 'message-malformed'],
    ['another id', '{"registrationId":"dev2"}', 400, 'message-malformed'],
  ] as const) {
    test(`a body of ${what} is answered ${status}, kept as ${reason}, and changes nothing`, async () => {
      const answer = await register({ body });
      assert.equal(answer.status, status);
      assert.equal(Math.floor(Number(answer.body.errorCode) / 1000), status);
      const refusal = await bench.refusal();
      assert.equal(refusal?.reason, reason);
      assert.equal(refusal?.subject, 'dev1');
      assert.equal(await bench.provisioning.registrations.load('dev1'), undefined);
      assert.equal(await bench.hub.registry.load('dev1'), undefined);
    });
  }

  test('no certificate, a token, or a certificate for another is 401 and says no more', async () => {
    const attempts: Asked[] = [
      { leaf: undefined, body: '{}' },
      { leaf: makeLeaf({ issuer: bench.ca, name: 'dev2' }), body: '{}' },
    ];
    for (const asked of attempts) {
      const answer = await register(asked);
      assert.equal(answer.status, 401);
      assert.equal(answer.body.errorCode, 401002);
      assert.equal(answer.body.message, 'Invalid certificate.');
    }
    const token = await register({ body: '{}', headers: { authorization: 'SharedAccessSignature sr=a&sig=b&se=1' } });
    assert.equal(token.status, 401);
    assert.deepEqual([token.body.errorCode, token.body.message], [401002, 'Unauthorized']);
    const reasons = (await bench.refusals.list()).map(({ reason }) => reason).sort();
    assert.deepEqual(reasons, ['certificate-missing', 'common-name-mismatch', 'enrollment-unknown']);
    assert.equal(await bench.hub.registry.load('dev1'), undefined);
  });

  test('paths that are none are 404 with JSON', async () => {
    for (const [method, where] of [
      ['GET', path(`/register${version}`)],
      ['PUT', path(`/elsewhere${version}`)],
      ['GET', path(`/operations/4.0.0${version}`)],
      ['DELETE', path(version)],
    ] as const) {
      const answer = await ask(method, where);
      assert.equal(answer.status, 404, `${method} ${where}`);
      assert.equal(typeof answer.body.errorCode, 'number');
    }
  });

  test('a registration begun on MQTT is finished on HTTPS', async () => {
    const device = await bench.connect({ certificates: [leaf] });
    await device.subscribe();
    const { body } = await device.register();
    assert.equal((await poll(body.operationId)).body.status, 'assigned');
  });
});
