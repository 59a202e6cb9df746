import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Configuration, Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { eventually } from '#test/support/eventually.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

describe('configurations through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  });
  after(() => bench?.close());

  const twinOf = async (deviceId: string) =>
    (await registry.getTwin(deviceId)).responseBody as unknown as {
      configurations?: Record<string, { status: string }>;
      properties: { desired: Record<string, unknown> };
    };

  test('hub-service 60, 61: a configuration is applied to what its condition names; its priority changes, its content does not', async () => {
    await registry.addDevices([
      { deviceId: 'c1', tags: { site: 'north' } } as never,
      { deviceId: 'c2', tags: { site: 'south' } } as never,
    ]);
    const wanted: Configuration = {
      id: 'north',
      schemaVersion: '1.0',
      content: { deviceContent: { 'properties.desired.heating': { mode: 'eco' } } },
      targetCondition: "tags.site = 'north'",
      priority: 10,
      labels: { season: 'winter' },
      metrics: { queries: { all: 'SELECT deviceId FROM devices' } },
    } as never;
    await registry.addConfiguration(wanted);
    await eventually(async () => ((await twinOf('c1')).configurations?.north?.status === 'Applied' ? true : undefined));
    assert.deepEqual((await twinOf('c1')).properties.desired.heating, { mode: 'eco' });
    assert.equal((await twinOf('c2')).configurations, undefined);

    const present = (await registry.getConfiguration('north')).responseBody as unknown as Configuration & { priority: number };
    assert.equal(present.priority, 10);
    const raised = (await registry.updateConfiguration({ ...present, priority: 20 } as never, true)).responseBody as never as {
      priority: number;
    };
    assert.equal(raised.priority, 20);
    const other = { deviceContent: { 'properties.desired.heating': { mode: 'off' } } };
    await assert.rejects(registry.updateConfiguration({ ...present, content: other } as never, true), { name: 'ArgumentError' });
    const listed = (await registry.getConfigurations()).responseBody as never as { id: string }[];
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['north'],
    );
    await registry.removeConfiguration('north');
    await eventually(async () => ((await twinOf('c1')).configurations === undefined ? true : undefined));
  });

  test('hub-service 64: a deployment of one edge device writes to its modules', async () => {
    await registry.create({ deviceId: 'edge', capabilities: { iotEdge: true } } as never);
    await registry.applyConfigurationContentOnDevice('edge', {
      modulesContent: { $edgeAgent: { 'properties.desired': { modules: {} } }, filter: { 'properties.desired.limit': 5 } },
    } as never);
    const { responseBody } = await registry.getModuleTwin('edge', 'filter');
    assert.equal(responseBody.properties.desired.limit, 5);
  });
});
