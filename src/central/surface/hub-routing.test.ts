import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { hubRouteTestSchema, hubRoutingSchema } from '../contract/ui-hub-routing.ts';

describe('where a hub’s events go, over the API', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  const routing = '/api/ui/hub/routing';
  const read = async () => hubRoutingSchema.parse((await call('GET', routing)).json);

  test('a route is added, changed and deleted, and one to nowhere is refused', async () => {
    const route = { source: 'DeviceMessages', condition: 'level = "high"', endpointNames: ['events'] };
    assert.equal((await call('PUT', `${routing}/routes/alarms`, route)).status, 200);
    assert.equal((await call('PUT', `${routing}/routes/alarms`, { ...route, isEnabled: false })).status, 200);
    assert.equal((await read()).routes.find(({ name }) => name === 'alarms')?.isEnabled, false);
    const nowhere = await call('PUT', `${routing}/routes/lost`, { ...route, endpointNames: ['nowhere'] });
    assert.deepEqual(
      [nowhere.status, (nowhere.json.error as { message: string }).message],
      [400, 'There is no destination nowhere.'],
    );
    assert.equal((await call('DELETE', `${routing}/routes/alarms`)).status, 204);
    assert.equal((await call('DELETE', `${routing}/routes/alarms`)).status, 404);
  });

  test('a condition is checked with the place where it goes wrong', async () => {
    const check = async (condition: string) =>
      hubRouteTestSchema.parse((await call('POST', `${routing}/test`, { condition })).json).details.compilationErrors;
    assert.deepEqual(await check('level = "high"'), []);
    const [error] = await check('level =');
    assert.equal(error?.location.start.line, 1);
  });

  test('the fallback is turned off and on, and an enrichment is added and taken away', async () => {
    for (const isEnabled of [false, true]) {
      assert.equal((await call('PUT', `${routing}/fallback`, { isEnabled })).status, 200);
      assert.equal((await read()).isFallbackEnabled, isEnabled);
    }
    assert.equal(
      (await call('PUT', `${routing}/enrichments/hall`, { value: '$twin.tags.hall', endpointNames: ['events'] })).status,
      200,
    );
    assert.deepEqual((await read()).enrichments, [{ key: 'hall', value: '$twin.tags.hall', endpointNames: ['events'] }]);
    assert.equal((await call('DELETE', `${routing}/enrichments/hall`)).status, 204);
  });
});
