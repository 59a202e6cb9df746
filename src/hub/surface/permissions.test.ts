import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hubPolicyTable } from '#hub/instances/hub-policies.ts';
import { type AmqpBench, openAmqpBench } from '#test/support/amqp-bench.ts';
import { errorIn } from '#test/support/amqp-client.ts';
import { type HubBench, hubHost, settled } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceAsk, type ServiceClient } from '#test/support/service-client.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { ServiceRight } from '#trust/access-policy.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { serviceRoutes } from './http.ts';
import type { ServicePermission } from './service-route.ts';

type RestRow = {
  /** In the words of hub-service-protocol.md 2.4. */
  readonly operation: string;
  readonly needs: ServicePermission;
  readonly method: string;
  /** `:name` stands for what the route calls so, here and in the body; `:deviceId` and `:jobId` are fresh ones. */
  readonly path: string;
  readonly ask?: ServiceAsk;
  /** What a policy is answered that may; without it anything but 401. */
  readonly answer?: number;
  /** Not a route of the REST for back ends. */
  readonly isOfDevice?: true;
};

/** Every operation of 2.4 over REST, and every route that there is: a new route needs a row. */
const restRows: readonly RestRow[] = [
  ...read('GET devices', '/devices', 200),
  ...read('GET devices', '/devices/:deviceId', 200),
  ...read('GET modules', '/devices/:deviceId/modules', 200),
  ...read('GET modules', '/devices/:deviceId/modules/:moduleId', 404),
  ...read('GET statistics', '/statistics/devices', 200),
  ...read('GET statistics', '/statistics/service', 200),
  write('PUT devices', 'PUT', '/devices/:deviceId', 200, { body: { deviceId: ':deviceId' }, ifMatch: '*' }),
  write('DELETE devices', 'DELETE', '/devices/:deviceId', 204, { ifMatch: '*' }),
  write('PUT modules', 'PUT', '/devices/:deviceId/modules/:moduleId', 200, { body: { deviceId: ':deviceId', moduleId: 'm1' } }),
  write('DELETE modules', 'DELETE', '/devices/:deviceId/modules/:moduleId', 404, { ifMatch: '*' }),
  write('bulk POST', 'POST', '/devices', 200, { body: [{ id: ':deviceId', importMode: 'delete' }] }),
  write('key regeneration', 'POST', '/devices/keys/regenerate', 200, {
    body: { policyKey: 'primaryKey', devices: [{ id: ':deviceId' }] },
  }),
  either('applyConfigurationContent', 'RegistryWrite', 'POST', '/devices/:deviceId/applyConfigurationContent', 204, {
    body: { deviceContent: { 'properties.desired.a': 1 } },
  }),
  either('configurations', 'RegistryRead', 'GET', '/configurations', 200),
  either('configurations', 'RegistryRead', 'GET', '/configurations/:configurationId', 404),
  either('configurations', 'RegistryRead', 'POST', '/configurations/testQueries', 200, { body: {} }),
  either('configurations', 'RegistryWrite', 'PUT', '/configurations/:configurationId', 404, { body: {}, ifMatch: '*' }),
  either('configurations', 'RegistryWrite', 'DELETE', '/configurations/:configurationId', 404),
  service('queries', 'POST', '/devices/query', undefined, { body: { query: 'SELECT * FROM devices' } }),
  service('twins get', 'GET', '/twins/:deviceId', 200),
  service('twins patch', 'PATCH', '/twins/:deviceId', 200, { body: {} }),
  service('twins put', 'PUT', '/twins/:deviceId', 200, { body: {} }),
  service('twins get', 'GET', '/twins/:deviceId/modules/:moduleId', 404),
  service('twins patch', 'PATCH', '/twins/:deviceId/modules/:moduleId', 404, { body: {} }),
  service('twins put', 'PUT', '/twins/:deviceId/modules/:moduleId', 404, { body: {} }),
  service('direct methods', 'POST', '/twins/:deviceId/methods', 404, { body: { methodName: 'm' } }),
  service('direct methods', 'POST', '/twins/:deviceId/modules/:moduleId/methods', 404, { body: { methodName: 'm' } }),
  write('import and export', 'POST', '/jobs/create', 400, { body: { type: 'export' } }),
  ...read('GET import/export jobs', '/jobs', 200),
  ...read('GET import/export jobs', '/jobs/:jobId', 404),
  write('import and export cancel', 'DELETE', '/jobs/:jobId', 404),
  service('jobs v2', 'PUT', '/jobs/v2/:jobId', 200, {
    body: { jobId: ':jobId', type: 'scheduleUpdateTwin', queryCondition: "deviceId = ':deviceId'", updateTwin: { tags: {} } },
  }),
  service('jobs v2', 'GET', '/jobs/v2/:jobId', 404),
  service('jobs v2', 'GET', '/jobs/v2/query', 200),
  service('jobs v2', 'POST', '/jobs/v2/:jobId/cancel', 404),
  service('digital twins', 'GET', '/digitaltwins/:deviceId', 200),
  service('digital twins', 'PATCH', '/digitaltwins/:deviceId', 202, { body: [{ op: 'add', path: '/a', value: 1 }] }),
  service('digital twins', 'POST', '/digitaltwins/:deviceId/commands/:command', 404, { body: {} }),
  service('digital twins', 'POST', '/digitaltwins/:deviceId/components/:component/commands/:command', 404, { body: {} }),
  service('purge', 'DELETE', '/devices/:deviceId/commands', 200),
  service('REST C2D', 'POST', '/devices/:deviceId/messages/deviceBound', 204, { body: 'text' }),
  service('REST C2D', 'POST', '/devices/:deviceId/modules/:moduleId/inputs/:input', 404, { body: 'text' }),
  service('REST feedback', 'GET', '/messages/serviceBound/feedback', 204),
  service('REST feedback', 'DELETE', '/messages/serviceBound/feedback/:lockToken', 412),
  service('REST feedback', 'POST', '/messages/serviceBound/feedback/:lockToken/abandon', 412),
  service('routes', 'POST', '/routing/routes/$testnew', 200, { body: { route: { condition: 'true' } } }),
  service('routes', 'POST', '/routing/routes/$testall', 200, { body: {} }),
  device('POST', '/devices/:deviceId/messages/events', 204, { body: 'text' }),
  device('GET', '/devices/:deviceId/messages/devicebound', 204),
];

function read(operation: string, path: string, answer: number): RestRow[] {
  return [{ operation, needs: 'RegistryRead', method: 'GET', path, answer }];
}
function write(operation: string, method: string, path: string, answer?: number, ask: ServiceAsk = {}): RestRow {
  return { operation, needs: 'RegistryWrite', method, path, ask, ...(answer !== undefined && { answer }) };
}
function either(
  operation: string,
  right: 'RegistryRead' | 'RegistryWrite',
  method: string,
  path: string,
  answer: number,
  ask: ServiceAsk = {},
): RestRow {
  return { operation, needs: `${right} or ServiceConnect`, method, path, ask, answer };
}
function service(operation: string, method: string, path: string, answer?: number, ask: ServiceAsk = {}): RestRow {
  return { operation, needs: 'ServiceConnect', method, path, ask, ...(answer !== undefined && { answer }) };
}
function device(method: string, path: string, answer: number, ask: ServiceAsk = {}): RestRow {
  return { operation: 'device endpoints', needs: 'DeviceConnect', method, path, ask, answer, isOfDevice: true };
}

type AmqpRow = { readonly needs: ServiceRight; readonly address: string; readonly isSender: boolean };

/** Every link of 2.4, with its absolute form beside the bare one. */
const amqpRows: readonly AmqpRow[] = [
  { needs: 'ServiceConnect', address: '/messages/devicebound', isSender: true },
  { needs: 'ServiceConnect', address: '/messages/serviceBound/feedback', isSender: false },
  { needs: 'ServiceConnect', address: '/messages/serviceBound/filenotifications', isSender: false },
  { needs: 'ServiceConnect', address: '/messages/events/$management', isSender: false },
  { needs: 'ServiceConnect', address: 'home/ConsumerGroups/$Default/Partitions/0', isSender: false },
  { needs: 'ServiceConnect', address: '$management', isSender: true },
  { needs: 'DeviceConnect', address: '/devices/:deviceId/messages/events', isSender: true },
  { needs: 'DeviceConnect', address: '/devices/:deviceId/messages/devicebound', isSender: false },
];

const values: Readonly<Record<string, string>> = {
  configurationId: 'c1',
  moduleId: 'm1',
  lockToken: 'none',
  command: 'c',
  component: 'c1',
  input: 'i',
};

const isFresh = (name: string) => name === 'deviceId' || name === 'jobId';

/** The rights of the table of policies (2.3), where writing brings reading. */
const policies = Object.entries(hubPolicyTable).map(([name, rights]) => ({
  name,
  rights: new Set<ServiceRight>([
    ...rights,
    ...(rights.some((right) => right === 'RegistryWrite') ? ['RegistryRead' as const] : []),
  ]),
}));

describe('the permissions of every operation, for every policy that a hub has', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let amqp: AmqpBench;
  let close: () => Promise<void>;
  let made = 0;
  before(async () => {
    ({ bench, client, close } = await openHubService());
    amqp = openAmqpBench(bench);
  });
  after(async () => {
    amqp.stop();
    await close();
  });

  async function newDevice(): Promise<string> {
    const deviceId = `d${++made}`;
    const primaryKey = bench.random.bytes(32).toString('base64');
    const secondaryKey = bench.random.bytes(32).toString('base64');
    await bench.hub.registry.create({ deviceId, authentication: { type: 'sas', primaryKey, secondaryKey } });
    return deviceId;
  }

  for (const { operation, needs, method, path, ask = {}, answer } of restRows) {
    test(`${operation}: ${method} ${path} needs ${needs}`, async () => {
      for (const { name: policy, rights } of policies) {
        const deviceId = await newDevice();
        const fill = (text: string) =>
          text.replaceAll(/:([a-z]+[a-zA-Z]*)/g, (all, name) => values[name] ?? (isFresh(name) ? deviceId : all));
        const body = ask.body === undefined ? {} : { body: JSON.parse(fill(JSON.stringify(ask.body))) };
        const filled = fill(path);
        const got = await client.ask(method, filled, { ...ask, ...body, policy });
        const { status, text } = got;
        const may = needs.split(' or ').some((right) => [...rights].some((held) => held === right));
        if (may && answer === undefined) assert.notEqual(status, 401, `${policy}: ${text}`);
        else assert.equal(status, may ? answer : 401, `${policy}: ${text}`);
      }
    });
  }

  for (const { needs, address, isSender } of amqpRows) {
    test(`over AMQP ${address} needs ${needs}`, async () => {
      for (const { name: policy, rights } of policies) {
        const deviceId = await newDevice();
        const bare = address.replace(':deviceId', deviceId);
        for (const written of [bare, `amqps://${hubHost}/${bare.replace(/^\//, '')}`]) {
          const peer = amqp.dial();
          peer.open();
          peer.cbs();
          peer.putToken(0, amqp.policyToken(policy), hubHost);
          assert.equal((await peer.cbsReply()).status, 200);
          peer.attach({ handle: 2, address: written, isSender });
          await peer.next(performative.attach, (frame) => frame.fields[0] === 'link-2');
          await settled();
          const detach = peer.frames.find(({ code }) => code === performative.detach);
          const condition = detach && errorIn(detach).condition;
          assert.equal(condition === 'amqp:unauthorized-access', !rights.has(needs), `${policy}: ${condition}`);
          peer.stream.destroy();
        }
      }
    });
  }

  test('hub-service 6, 7, 8: every route for back ends is a row of the table, with the right that it asks for', () => {
    const rows = restRows.filter(({ isOfDevice }) => !isOfDevice).map(({ method, path, needs }) => `${method} ${path} ${needs}`);
    const routes = serviceRoutes(testPlatform(), bench.hub as never);
    assert.deepEqual(rows.sort(), routes.map(({ method, path, permission }) => `${method} ${path} ${permission}`).sort());
  });
});
