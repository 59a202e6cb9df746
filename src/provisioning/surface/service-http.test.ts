import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AccessPolicies } from '#authorities/access-policies.ts';
import { secondMs } from '#base/instant.ts';
import { Secret } from '#base/secret.ts';
import { openProvisioningBench, type ProvisioningBench } from '#test/support/provisioning-bench.ts';
import { openProvisioningServiceClient, openRestClient, type ServiceClient } from '#test/support/service-client.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import type { ProvisioningRight } from '../instances/service-policies.ts';
import { buildCheckService } from '../instances/service-sign-in.ts';
import { noRateLimits, RateLimits } from '../registration/rate-limits.ts';
import type { Registrations } from '../registration/registrations.ts';
import { buildServiceHttp, normalizeUrl, provisioningServiceRoutes } from './service-http.ts';

describe('who may use the REST of the provisioning service', () => {
  let bench: ProvisioningBench;
  let service: ServiceClient;
  before(async () => {
    bench = await openProvisioningBench();
    service = await openProvisioningServiceClient(bench);
  });
  after(async () => {
    await service.close();
    await bench.close();
  });

  test('dps-service 1: sr is raw or percent-encoded, for the host or what lies below it', async () => {
    for (const resource of ['home.example', 'HOME.example', encodeURIComponent('home.example'), 'home.example/enrollments']) {
      const answer = await service.ask('POST', '/enrollments/query', { authorization: service.tokenOf(undefined, resource) });
      assert.equal(answer.status, 200, resource);
    }
  });

  test('dps-service 2: an expired token, a wrong one and none are 401 with 401002, and kept with their reason', async () => {
    const { primaryKey = '' } = bench.provisioning.policies.find('provisioningserviceowner') ?? {};
    const key = Buffer.from(primaryKey, 'base64');
    const keyName = 'provisioningserviceowner';
    const now = Math.ceil(bench.clock.now() / secondMs);
    const good = { resource: 'home.example', key, keyName, expirySeconds: now + 60 };
    for (const [authorization, reason] of [
      [formatSasToken({ ...good, expirySeconds: now - 301 }), 'token-expired'],
      [formatSasToken({ ...good, key: Buffer.alloc(32) }), 'token-signature'],
      [formatSasToken({ ...good, keyName: 'iothubowner' }), 'policy-unknown'],
      [formatSasToken({ ...good, resource: 'other.example' }), 'token-scope'],
      ['Bearer x', 'token-malformed'],
      ['', 'token-missing'],
    ] as const) {
      const { status, json, headers } = await service.ask('GET', '/enrollments/dev1', { authorization });
      assert.equal(status, 401, reason);
      assert.equal(json.errorCode, 401002);
      assert.equal(headers['x-ms-error-code'], '401002');
      assert.equal(
        (await bench.refusals.list()).some((kept) => kept.reason === reason),
        true,
        reason,
      );
    }
  });

  test('dps-service 3: every route is open to the policy that grants its right, and to no other', async () => {
    const rights = [
      'EnrollmentRead',
      'EnrollmentWrite',
      'RegistrationStatusRead',
      'RegistrationStatusWrite',
      'ServiceConfig',
    ] as const;
    const table = Object.fromEntries(rights.map((right) => [right, [right]]));
    const policies = await AccessPolicies.open<ProvisioningRight>(bench, bench.secrets, 'dps:narrow', table);
    const { groups, enrollments } = bench.provisioning;
    const registrations = bench.provisioning.registrations as Registrations;
    const holds = { idle: async () => {} };
    const rooms = { groups, enrollments, registrations, authorities: bench.authorities, holds };
    const surface = await buildServiceHttp({
      platform: bench,
      rooms,
      refusals: bench.refusals,
      rates: new RateLimits(bench.clock, noRateLimits),
      checkService: buildCheckService(bench, 'home.example', policies),
    });
    const client = await openRestClient({
      clock: bench.clock,
      surface,
      policies,
      policy: 'ServiceConfig',
      apiVersion: 'api-version=2021-10-01',
    });
    try {
      const routes = provisioningServiceRoutes(bench, rooms);
      assert.equal(routes.length, 15);
      for (const { method, path, permission } of routes) {
        for (const policy of rights) {
          // Whoever may write may read.
          const isOpen = policy === permission || policy.replace('Write', 'Read') === permission;
          const answer = await client.ask(method, path.replace(/:\w+/g, 'nobody'), { policy, body: {} });
          assert.equal(answer.status !== 401, isOpen, `${method} ${path} as ${policy}: ${answer.status}`);
          if (!isOpen) assert.equal(answer.json.errorCode, 401002);
        }
      }
      assert.equal(
        (await bench.refusals.list()).some(({ reason }) => reason === 'policy-right-missing'),
        true,
      );
    } finally {
      await client.close();
    }
  });

  test('every route is closed without a token', async () => {
    for (const [method, path] of [
      ['GET', '/enrollments/a'],
      ['PUT', '/enrollments/a'],
      ['DELETE', '/enrollments/a'],
      ['POST', '/enrollments/query'],
      ['POST', '/enrollments/a/attestationmechanism'],
      ['POST', '/enrollments'],
      ['GET', '/enrollmentGroups/a'],
      ['PUT', '/enrollmentGroups/a'],
      ['DELETE', '/enrollmentGroups/a'],
      ['POST', '/enrollmentGroups/query'],
      ['POST', '/enrollmentGroups/a/attestationmechanism'],
      ['POST', '/enrollmentGroups'],
      ['GET', '/registrations/a'],
      ['DELETE', '/registrations/a'],
      ['POST', '/registrations/a/query'],
    ] as const) {
      assert.equal((await service.ask(method, path, { authorization: '', body: {} })).status, 401, `${method} ${path}`);
    }
  });

  test('api-version is a date of any generation, and mandatory', async () => {
    for (const version of ['2017-08-31-preview', '2019-03-31', '2021-10-01', '2030-01-01']) {
      assert.equal((await service.ask('POST', `/enrollments/query?api-version=${version}`)).status, 200, version);
    }
    for (const query of ['', 'api-version=', 'api-version=latest', 'api-version=2016-01-01', 'api-version=2021-13-01']) {
      assert.equal((await service.ask('POST', `/enrollments/query?${query}`)).status, 400, query);
    }
  });

  test('dps-service 40: an encoded slash in an id is refused with 400204 and never taken for a path', async () => {
    const { status, json } = await service.ask('PUT', '/enrollmentGroups/G%2F1', {
      body: { attestation: { type: 'symmetricKey' } },
    });
    assert.equal(status, 400);
    assert.equal(json.errorCode, 400204);
    assert.equal(normalizeUrl('/enrollmentGroups/G%2F1?x=%2F'), '/enrollmentGroups/G%2F1?x=%2F');
    assert.equal(normalizeUrl('/enrollmentGroups%2FG1?x=%2F'), '/enrollmentGroups/G1?x=%2F');
    assert.equal(normalizeUrl('/enrollments%2fa%252Fb'), '/enrollments/a%2Fb');
    assert.equal(normalizeUrl('/enrollments%2f%E0%A4'), '/enrollments%2f%E0%A4');
  });

  test('words of a path ignore case and one trailing slash', async () => {
    for (const path of ['/ENROLLMENTS/QUERY', '/enrollmentgroups/query/', '/EnrollmentGroups%2Fquery']) {
      assert.equal((await service.ask('POST', path)).status, 200, path);
    }
  });

  test('an error has its number in body and header, a tracking id and a time', async () => {
    const { status, headers, json } = await service.ask('GET', '/enrollments/nobody');
    assert.equal(status, 404);
    assert.equal(headers['x-ms-error-code'], '404201');
    assert.equal(json.errorCode, 404201);
    assert.match(json.trackingId, /^[0-9a-f-]{36}$/);
    assert.match(json.timestampUtc, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    assert.deepEqual(json.info, {});
    assert.equal((await service.ask('GET', '/enrollmentGroups/nobody')).json.errorCode, 404204);
    assert.equal((await service.ask('GET', '/registrations/nobody')).json.errorCode, 404202);
    assert.equal((await service.ask('PATCH', '/enrollments/nobody')).json.errorCode, 404000);
  });
});

test('dps-service 36: above the rate a call is 429 with Retry-After, and served when that time is over', async () => {
  const rates = { operationsPerMinute: 3, pollsPerTenSeconds: 0, registrationsPerMinute: 0 };
  const bench = await openProvisioningBench({ rates });
  const service = await openProvisioningServiceClient(bench);
  try {
    for (let i = 0; i < 3; i++) assert.equal((await service.ask('POST', '/enrollments/query')).status, 200);
    const { status, headers, json } = await service.ask('POST', '/enrollments/query');
    assert.equal(status, 429);
    assert.equal(json.errorCode, 429001);
    assert.equal(headers['retry-after'], '20');
    // A stranger is not counted.
    for (let i = 0; i < 5; i++) await service.ask('POST', '/enrollments/query', { authorization: '' });
    bench.clock.advance(20 * secondMs);
    assert.equal((await service.ask('POST', '/enrollments/query')).status, 200);
  } finally {
    await service.close();
    await bench.close();
  }
});

test('the secret in the URL of a webhook is sealed, hidden, and kept when it comes back hidden', async () => {
  const checkUrl = (text: string) => new URL(text);
  const bench = await openProvisioningBench({ outgoing: { checkUrl, post: async () => assert.fail('nobody registers') } });
  const service = await openProvisioningServiceClient(bench);
  try {
    const webhookUrl = 'https://hook.example/a?code=hush-hush';
    const body = {
      attestation: { type: 'symmetricKey' },
      allocationPolicy: 'custom',
      customAllocationDefinition: { webhookUrl, apiVersion: '2021-10-01' },
    };
    const made = await service.ask('PUT', '/enrollmentGroups/g1', { body });
    assert.equal(made.status, 200);
    const shown = { webhookUrl: 'https://hook.example/a?code=***', apiVersion: '2021-10-01' };
    assert.deepEqual(made.json.customAllocationDefinition, shown);
    assert.deepEqual((await service.ask('GET', '/enrollmentGroups/g1')).json.customAllocationDefinition, shown);
    const again = await service.ask('PUT', '/enrollmentGroups/g1', { ifMatch: made.json.etag, body: made.json });
    assert.equal(again.status, 200);
    const { allocation } = await bench.provisioning.groups.require('g1');
    assert.deepEqual(allocation.webhook?.url instanceof Secret && allocation.webhook.url.reveal(), webhookUrl);
    const rows = await bench.database.selectFrom('dps_enrollment_group').selectAll().execute();
    assert.equal(
      JSON.stringify(rows.map((row) => ({ ...row, sealed: Buffer.from(row.sealed_webhook ?? []).toString('latin1') }))).includes(
        'hush',
      ),
      false,
    );
  } finally {
    await service.close();
    await bench.close();
  }
});
