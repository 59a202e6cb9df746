import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { plus } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { administrationCaller } from '#trust/authenticate-user.ts';
import { Templates } from '../templates/templates.ts';
import { Devices } from './devices.ts';

const caller = administrationCaller();

for (const { name, open } of testDatabases()) {
  describe(`devices of Central on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());

    const platform = testPlatform();
    const asked: string[] = [];

    function rooms() {
      const templates = new Templates(platform, database);
      const devices = new Devices(platform, database, templates, {
        async setEnabled(deviceId, isEnabled) {
          asked.push(`${deviceId} ${isEnabled}`);
          throw new Problem('device-not-found', 'never provisioned');
        },
        async delete(deviceId) {
          asked.push(`delete ${deviceId}`);
        },
        async deleteRegistration() {
          throw new Problem('registration-not-found', 'never registered');
        },
      });
      return { templates, devices };
    }

    test('what is written is read, under any spelling of the id', async () => {
      const { devices, templates } = rooms();
      const template = await templates.forModel('dtmi:homeport:demo:environment;1');
      const created = await devices.create(caller, 'Spelled-1', { displayName: 'One', templateId: String(template?.templateId) });
      assert.deepEqual(await devices.load('sPELLED-1'), created);
      assert.deepEqual((await devices.modelOf('spelled-1'))?.telemetry.slice(0, 2), [
        { name: 'Temperature', displayName: 'Temperature', schema: 'double', unit: 'degreeCelsius', semanticType: 'Temperature' },
        { name: 'Humidity', displayName: 'Humidity', schema: 'double', unit: 'percent', semanticType: 'RelativeHumidity' },
      ]);
      await assert.rejects(devices.create(caller, 'SPELLED-1'), { code: 'already-exists' });
    });

    test('a template is made once, however many devices announce its model at the same time', async () => {
      const { templates } = rooms();
      const made = await Promise.all([1, 2, 3].map(() => templates.forModel('dtmi:com:example:azuresphere:thermometer;1')));
      assert.equal(new Set(made.map((template) => template?.etag)).size, 1);
    });

    test('many changes at once all arrive, none overwrites another', async () => {
      const { devices } = rooms();
      await devices.create(caller, 'busy');
      await Promise.all([
        devices.update('busy', (device) => ({ ...device, modelId: 'dtmi:a;1' })),
        devices.update('busy', (device) => ({ ...device, enrollmentGroupId: 'g' })),
        devices.change(caller, 'busy', { displayName: 'Named' }),
      ]);
      const { displayName, modelId, enrollmentGroupId } = await devices.require('busy');
      assert.deepEqual([displayName, modelId, enrollmentGroupId], ['Named', 'dtmi:a;1', 'g']);
      assert.equal((await devices.countByGroup()).get('g'), 1);
    });

    test('the time of last contact is kept apart: it neither needs the newest state nor changes the etag', async () => {
      const { devices } = rooms();
      const before = await devices.create(caller, 'seen');
      await devices.saveSeen(
        new Map([
          ['seen', plus(before.createdAt, 5)],
          ['nobody', plus(before.createdAt, 5)],
        ]),
      );
      await devices.change(caller, 'seen', { displayName: 'Renamed' }, before.etag);
      assert.equal((await devices.require('seen')).lastSeenAt, plus(before.createdAt, 5));
    });

    test('blocking and deleting a device that was never provisioned is fine without an identity', async () => {
      const { devices } = rooms();
      await devices.create(caller, 'paper');
      asked.length = 0;
      assert.equal((await devices.change(caller, 'paper', { isEnabled: false })).isBlocked, true);
      await devices.delete(caller, 'paper');
      assert.deepEqual(asked, ['paper false', 'delete paper']);
      await assert.rejects(devices.require('paper'), { code: 'device-not-found' });
      await assert.rejects(devices.delete(caller, 'paper'), { code: 'device-not-found' });
    });

    test('a list goes on after the last id it gave', async () => {
      const { devices } = rooms();
      for (const id of ['z-1', 'z-2', 'z-3']) await devices.create(caller, id);
      assert.deepEqual(
        (await devices.list('z-1', 1)).map(({ deviceId }) => deviceId),
        ['z-2'],
      );
    });
  });
}
