import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { type Assignment, assignmentOf, type Registration } from './registration.ts';
import { RegistrationStore } from './registration-store.ts';

const at = instant(1_800_000_000_000);

function assignedTo(hubHostName: string, deviceId: string): Assignment {
  return { hubHostName, deviceId, substatus: 'initialAssignment', firstHubHostName: hubHostName };
}

function registrationOf(registrationId: string, changes: Partial<Registration> = {}): Registration {
  return {
    registrationId,
    groupId: 'line-1',
    result: { status: 'assigned', ...assignedTo('hub.example', registrationId) },
    leafSha256: '11',
    anchorSha256: '22',
    etag: 'e1',
    createdAt: at,
    updatedAt: at,
    ...changes,
  };
}

for (const { name, open } of testDatabases()) {
  describe(`registrations on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());
    const store = () => new RegistrationStore(database, `dps-${++made}`);
    const operation = (registrationId: string, operationId = `op-${++made}`) => ({
      operationId,
      registrationId,
      payload: undefined,
      isDone: false,
    });

    test('an operation comes back with its payload as the device sent it', async () => {
      const rooms = store();
      const sent = { ...operation('Dev1'), payload: '{"b":1,"a":"ü"}' };
      await rooms.insertOperation(sent, at);
      assert.deepEqual(await rooms.loadOperation(sent.operationId), sent);
      assert.equal(await rooms.loadOperation('none'), undefined);
    });

    test('the running operation of a device is found in any case, the newest, and not when it is too old', async () => {
      const rooms = store();
      const [old, young] = [operation('dev1'), operation('DEV1')];
      await rooms.insertOperation(old, at);
      await rooms.insertOperation(young, at + 10);
      assert.equal((await rooms.loadRunning('Dev1', at))?.operationId, young.operationId);
      assert.equal(await rooms.loadRunning('dev1', at + 11), undefined);
      assert.equal(await rooms.loadRunning('dev2', at), undefined);
    });

    test('a failure keeps where the device was assigned before, and where it was first', async () => {
      const rooms = store();
      const first = operation('dev1');
      await rooms.insertOperation(first, at);
      const previous = {
        ...assignedTo('b.example', 'dev1'),
        substatus: 'deviceDataMigrated',
        firstHubHostName: 'a.example',
      } as const;
      const failed = { status: 'failed', errorCode: 400207, errorMessage: 'no', previous } as const;
      await rooms.finish(first.operationId, registrationOf('dev1', { result: failed }));
      const loaded = await rooms.load('dev1');
      assert.deepEqual(loaded?.result, failed);
      assert.deepEqual(assignmentOf(loaded), previous);
    });

    test('a result ends its operation and replaces what was there, but not when it began', async () => {
      const rooms = store();
      const [first, second] = [operation('dev1'), operation('dev1')];
      await rooms.insertOperation(first, at);
      const failed = { status: 'failed', errorCode: 400209, errorMessage: 'no' } as const;
      await rooms.finish(first.operationId, registrationOf('dev1', { result: failed }));
      assert.deepEqual((await rooms.load('dev1'))?.result, failed);
      assert.equal((await rooms.loadOperation(first.operationId))?.isDone, true);
      assert.equal(await rooms.loadRunning('dev1', at), undefined);

      await rooms.insertOperation(second, at + 5);
      const again = registrationOf('DEV1', {
        result: {
          status: 'assigned',
          ...assignedTo('other.example', 'dev1'),
          substatus: 'deviceDataReset',
          firstHubHostName: 'hub.example',
          payload: { a: [1, null] },
        },
        leafSha256: '33',
        etag: 'e2',
        createdAt: instant(at + 5),
        updatedAt: instant(at + 5),
      });
      await rooms.finish(second.operationId, again);
      assert.deepEqual(await rooms.load('dev1'), { ...again, createdAt: at });
      assert.equal((await rooms.list()).length, 1);
    });

    test('old operations are swept, of this instance alone', async () => {
      const [one, other] = [store(), store()];
      const [old, young, foreign] = [operation('dev1'), operation('dev2'), operation('dev1')];
      await one.insertOperation(old, at - 1);
      await one.insertOperation(young, at);
      await other.insertOperation(foreign, at - 1);
      await one.deleteOperationsBefore(at);
      assert.equal(await one.loadOperation(old.operationId), undefined);
      assert.ok(await one.loadOperation(young.operationId));
      assert.ok(await other.loadOperation(foreign.operationId));
    });

    test('the operation of another instance is not found', async () => {
      const [one, other] = [store(), store()];
      const theirs = operation('dev1');
      await other.insertOperation(theirs, at);
      assert.equal(await one.loadOperation(theirs.operationId), undefined);
      assert.equal(await one.loadRunning('dev1', at), undefined);
    });

    test('registrations are listed by group in the order of their ids, and deleted once', async () => {
      const rooms = store();
      for (const [id, groupId] of [
        ['c', 'line-1'],
        ['A', 'line-1'],
        ['b', 'line-2'],
      ] as const) {
        await rooms.finish('none', registrationOf(id, { groupId }));
      }
      const ids = (all: Registration[]) => all.map(({ registrationId }) => registrationId);
      assert.deepEqual(ids(await rooms.list()), ['A', 'b', 'c']);
      assert.deepEqual(ids(await rooms.list('line-1')), ['A', 'c']);
      assert.equal(await rooms.delete('a'), true);
      assert.equal(await rooms.delete('a'), false);
      assert.deepEqual(ids(await rooms.list()), ['b', 'c']);
    });
  });
}
