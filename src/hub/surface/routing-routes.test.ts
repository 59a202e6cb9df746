import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';

describe('conditions that are tried out', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let close: () => Promise<void>;
  before(async () => {
    ({ bench, client, close } = await openHubService());
  });
  after(() => close());

  const json = { contentType: 'application/json', contentEncoding: 'utf-8' };
  const ask = async (path: string, body: unknown) => {
    const { status, text } = await client.ask('POST', path, { body });
    return { status, answer: JSON.parse(text) };
  };

  test('$testnew says whether a route takes a message, and where its condition does not compile', async () => {
    const message = { body: '{"t":31}', appProperties: { Level: 'storage' }, systemProperties: json };
    const twin = { tags: { site: 'north' }, properties: { desired: { mode: 3 } } };
    for (const [condition, result] of [
      ["$body.t > 30 AND level = 'storage'", 'true'],
      ['$body.t > 31', 'false'],
      ['$body.missing > 1', 'undefined'],
      ["$twin.tags.site = 'north' AND $twin.properties.desired.mode = 3", 'true'],
      ["$contentType = 'application/json'", 'true'],
      ['', 'true'],
    ] as const) {
      const { status, answer } = await ask('/routing/routes/$testnew', { message, twin, route: { name: 'r', condition } });
      assert.deepEqual([status, answer], [200, { result, details: { compilationErrors: [] } }], condition);
    }
    const { answer } = await ask('/routing/routes/%24testnew', { route: { condition: 'level =' } });
    assert.equal(answer.result, 'undefined');
    const [error] = answer.details.compilationErrors;
    assert.deepEqual([error.severity, error.location.start], ['error', { line: 1, column: 8 }]);
    assert.equal((await ask('/routing/routes/$testnew', { route: { source: 'Nothing' } })).status, 400);
    assert.equal((await ask('/routing/routes/$testnew', {})).status, 400);
  });

  test('$testall names the routes of the hub that take a message', async () => {
    const route = { source: 'DeviceMessages', endpointNames: ['events'], isEnabled: true } as const;
    await bench.hub.routing.saveRoute({ ...route, name: 'a', condition: "kind = 'lamp'" });
    await bench.hub.routing.saveRoute({ ...route, name: 'b', condition: '' });
    await bench.hub.routing.saveRoute({ ...route, name: 'c', condition: '', isEnabled: false });
    await bench.hub.routing.saveRoute({ ...route, name: 'd', condition: '', source: 'TwinChangeEvents' });
    const names = async (body: unknown) =>
      (await ask('/routing/routes/$testall', body)).answer.routes.map(
        ({ properties }: { properties: { name: string } }) => properties.name,
      );
    assert.deepEqual(await names({ message: { appProperties: { kind: 'lamp' } } }), ['a', 'b']);
    assert.deepEqual(await names({ routingSource: 'TwinChangeEvents' }), ['d']);
  });
});
