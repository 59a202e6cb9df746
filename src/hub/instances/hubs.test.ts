import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { CaCertificates } from '#authorities/ca-certificates.ts';
import { RevocationLists } from '#authorities/revocation-lists.ts';
import { openDatabase } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { additionsAt, eventsPlace, noStamp } from '../events/routing-stamp.ts';
import { SegmentEvents } from '../events/segment-events.ts';
import { buildHub } from '../hub.ts';
import { Hubs, hubsMax } from './hubs.ts';

/** One installation. Its clock stands still, so nothing that it does waits for time to pass. */
async function openInstallation(t: TestContext, hostName = '127.0.0.1') {
  const platform = testPlatform();
  const database = await openDatabase('sqlite::memory:');
  const refusals = new RefusalLog(platform, database);
  const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
  const disks = new Map<string, CrashDisk>();
  const openLog = (hub: string) => {
    const files = disks.get(hub) ?? new CrashDisk();
    disks.set(hub, files);
    return SegmentEvents.open(platform, { directory: '/log', files });
  };
  const events = await openLog('main');
  const revocationLists = await RevocationLists.open(platform, database);
  const main = await buildHub({
    platform,
    database,
    refusals,
    secrets,
    authorities: new CaCertificates(platform, database, 'hub:main', refusals),
    revocationLists,
    events,
    hostName,
    instanceName: 'main',
  });
  await main.start();
  const open = () =>
    Hubs.open({
      platform,
      database,
      refusals,
      secrets,
      revocationLists,
      main,
      logs: {
        open: openLog,
        async discard(hub) {
          disks.delete(hub);
        },
      },
      baseHostName: 'Home.Example',
      otherHostNames: ['127.0.0.1', 'www.home.example'],
      oversizePublish: 'close',
    });
  let hubs = await open();
  t.after(async () => {
    await hubs.close();
    await main.stop();
    await events.close();
    await refusals.stop();
    await database.destroy();
  });
  return {
    get hubs() {
      return hubs;
    },
    refusals,
    /** The server stops and starts again. */
    async restart() {
      await hubs.close();
      hubs = await open();
    },
    namesOf: () => hubs.list().map(({ name }) => name),
  };
}

const conflict = { code: 'conflict' };

describe('the hubs of an installation', () => {
  test('a hub that is added is found by its name, in any case, under a host name of its own', async (t) => {
    const { hubs, namesOf } = await openInstallation(t);
    const plant = await hubs.create('Plant-2');
    assert.deepEqual([plant.name, plant.hostName], ['plant-2', 'plant-2.home.example']);
    assert.equal(hubs.find('PLANT-2'), plant);
    assert.deepEqual(namesOf(), ['main', 'plant-2']);
    assert.equal(hubs.find('plant'), undefined);
  });

  test('two hubs have nothing in common: devices, policies and messages are each one’s own', async (t) => {
    const { hubs } = await openInstallation(t);
    const [plant, attic] = [await hubs.create('plant'), await hubs.create('attic')];
    await plant.registry.create({ deviceId: 'dev1', authentication: { type: 'sas' } });
    assert.equal(await attic.registry.load('dev1'), undefined);
    assert.equal(await hubs.find('main')?.registry.load('dev1'), undefined);
    const keys = hubs.list().map((hub) => hub.policies.find('iothubowner')?.primaryKey);
    assert.equal(new Set(keys).size, 3);
    assert.notEqual(plant.events, attic.events);
  });

  test('a name is taken once, by whoever asks first, and `main` is taken', async (t) => {
    const { hubs, namesOf } = await openInstallation(t);
    const answers = await Promise.allSettled([hubs.create('plant'), hubs.create('PLANT'), hubs.create('main')]);
    assert.deepEqual(
      answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'made')),
      ['made', 'already-exists', 'already-exists'],
    );
    assert.deepEqual(namesOf(), ['main', 'plant']);
  });

  test('a name that would be a host name of the server’s own is refused', async (t) => {
    const { hubs, namesOf } = await openInstallation(t);
    await assert.rejects(hubs.create('www'), conflict);
    assert.deepEqual(namesOf(), ['main']);
  });

  test('there are hubs up to a limit', async (t) => {
    const { hubs, namesOf } = await openInstallation(t);
    for (let made = 2; made <= hubsMax; made++) await hubs.create(`hub-${made}`);
    await assert.rejects(hubs.create('one-more'), { code: 'quota-exceeded' });
    assert.equal(namesOf().length, hubsMax);
    await hubs.delete('hub-2');
    await hubs.create('one-more');
  });

  test('a hub whose name cannot be presented is not there, and can be added when it can', async (t) => {
    const bench = await openInstallation(t);
    const { hubs, namesOf } = bench;
    const presented: (readonly string[])[] = [];
    let isFull = true;
    hubs.onHostNames(async (names) => {
      if (isFull && names.length > 0) throw new Error('no space left');
      presented.push(names);
    });
    await assert.rejects(hubs.create('plant'), /no space left/);
    assert.deepEqual(namesOf(), ['main']);
    isFull = false;
    await hubs.create('plant');
    await hubs.create('attic');
    await hubs.delete('plant');
    assert.deepEqual(presented, [
      [],
      ['plant.home.example'],
      ['plant.home.example', 'attic.home.example'],
      ['attic.home.example'],
    ]);
    await bench.restart();
    assert.deepEqual(namesOf(), ['main', 'attic']);
  });

  test('added hubs are there after a restart, with their devices and keys', async (t) => {
    const bench = await openInstallation(t);
    const plant = await bench.hubs.create('plant');
    const device = await plant.registry.create({ deviceId: 'dev1', authentication: { type: 'sas' } });
    const key = plant.policies.find('service')?.primaryKey;
    await bench.restart();
    const again = bench.hubs.find('plant');
    assert.notEqual(again, plant);
    assert.equal((await again?.registry.load('dev1'))?.generationId, device.generationId);
    assert.equal(again?.policies.find('service')?.primaryKey, key);
  });

  test('a deleted hub is gone for good: the next one of its name begins with nothing', async (t) => {
    const bench = await openInstallation(t);
    const plant = await bench.hubs.create('plant');
    await plant.registry.create({ deviceId: 'dev1', authentication: { type: 'sas' } });
    const key = plant.policies.find('service')?.primaryKey;
    await bench.hubs.delete('plant');
    assert.equal(bench.hubs.find('plant'), undefined);
    await bench.restart();
    assert.deepEqual(bench.namesOf(), ['main']);
    const next = await bench.hubs.create('plant');
    assert.equal(await next.registry.load('dev1'), undefined);
    assert.notEqual(next.policies.find('service')?.primaryKey, key);
    assert.equal(next.events.end, 0);
  });

  test('`main` is not deleted, and neither is what there is not', async (t) => {
    const { hubs, namesOf } = await openInstallation(t);
    await assert.rejects(hubs.delete('main'), conflict);
    await assert.rejects(hubs.delete('MAIN'), conflict);
    await assert.rejects(hubs.delete('plant'), { code: 'not-found' });
    assert.deepEqual(namesOf(), ['main']);
  });

  test('hub-service 9.5 and 10.4: events and $iothubname call a hub by the first label of its host name, as back ends do', async (t) => {
    const { hubs } = await openInstallation(t, 'edge-7.example');
    await hubs.create('plant');
    const names = await Promise.all(
      hubs.list().map(async (hub) => {
        const { routing, events } = hub;
        await routing.saveEnrichment({ key: 'hub', value: '$iothubname', endpointNames: ['events'] });
        const lives = { name: 'lives', source: 'DeviceLifecycleEvents', condition: '' } as const;
        await routing.saveRoute({ ...lives, endpointNames: ['events'], isEnabled: true });
        await hub.registry.create({ deviceId: 'dev1', authentication: { type: 'sas' } });
        const [event] = await eventually(async () => {
          const found = await events.read({ from: events.start, max: 10 });
          return found.length > 0 ? found : undefined;
        });
        const { system, application } = event?.properties() ?? assert.fail();
        return [application.hubName, system['user-id'], additionsAt(event?.stamp ?? noStamp, eventsPlace)];
      }),
    );
    const named = (name: string) => [name, name, [['hub', name]]];
    assert.deepEqual(names, [named('edge-7'), named('plant')]);
  });

  test('a refused device of an added hub is kept apart from one of the same id', async (t) => {
    const { hubs } = await openInstallation(t);
    const plant = await hubs.create('plant');
    assert.equal(plant.refusalSubject('dev1'), 'plant//dev1');
    assert.equal(hubs.find('main')?.refusalSubject('dev1'), 'dev1');
  });
});
