import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { testDatabases } from '#test/support/databases.ts';
import { fullAllocation, revealAllocation } from '#test/support/full-allocation.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { NewEnrollmentGroup } from './enrollment-group.ts';
import { EnrollmentGroups } from './enrollment-groups.ts';

const code = (wanted: string) => (error: unknown) => error instanceof Problem && error.code === wanted;

function sealerOf(platform: Platform, database: Database): SecretStore {
  return new SecretStore(platform, database, Buffer.alloc(32, 3));
}

function newGroup(groupId: string, changes: Partial<NewEnrollmentGroup> = {}): NewEnrollmentGroup {
  return { groupId, displayName: groupId, type: 'iot', isEnabled: true, attestation: { type: 'symmetricKey' }, ...changes };
}

for (const { name, open } of testDatabases()) {
  describe(`enrollment groups on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());

    function groupsOf(instance = `dps-${++made}`) {
      const platform = testPlatform(instance);
      const groups = new EnrollmentGroups(platform, database, instance, sealerOf(platform, database), () => {});
      return { ...platform, instance, groups };
    }

    test('what a group says about the hub and its signing certificates come back, and stay when a change does not name them', async () => {
      const { groups } = groupsOf();
      const primaryCertificate = Buffer.from([0x30, 0x00, 0xff]);
      const attestation = { type: 'x509', primaryCertificate } as const;
      await groups.create(newGroup('G', { allocation: fullAllocation, attestation }));
      const loaded = await groups.require('g');
      assert.deepEqual(revealAllocation(loaded.allocation), revealAllocation(fullAllocation));
      assert.deepEqual(loaded.attestation, attestation);
      assert.equal(JSON.stringify(loaded).includes('hush'), false);
      await groups.replace(newGroup('G', { attestation, isEnabled: false }));
      assert.deepEqual(revealAllocation((await groups.require('g')).allocation), revealAllocation(fullAllocation));
      const { webhook, ...rest } = fullAllocation;
      await groups.replace(newGroup('G', { attestation, allocation: { ...rest, allocationPolicy: 'static' } }));
      assert.deepEqual((await groups.require('g')).allocation, { ...rest, allocationPolicy: 'static' });
    });

    test('groups come page by page, by id in any case', async () => {
      const { groups } = groupsOf();
      for (const id of ['c', 'B', 'a']) await groups.create(newGroup(id));
      const ids = async (after: string) => (await groups.page({ after, limit: 2 })).map(({ groupId }) => groupId);
      assert.deepEqual(await ids(''), ['a', 'B']);
      assert.deepEqual(await ids('B'), ['c']);
    });

    test('a group comes back as it was made, with its dates and an etag', async () => {
      const { groups, clock } = groupsOf();
      const attestation = { type: 'x509', primaryCertificateId: 'a', secondaryCertificateId: 'b' } as const;
      const made = await groups.create(newGroup('Line-1', { type: 'iotEdge', isEnabled: false, attestation }));
      assert.deepEqual(await groups.load('Line-1'), made);
      assert.equal(made.createdAt, clock.now());
      assert.notEqual(made.etag, '');
      for (const slot of [{}, { primaryCertificateId: 'a' }, { secondaryCertificateId: 'b' }]) {
        const changed = await groups.replace({ ...made, attestation: { type: 'x509', ...slot } });
        assert.deepEqual((await groups.require('Line-1')).attestation, changed.attestation);
      }
    });

    test('an id in another case is the same group, and the first spelling is kept', async () => {
      const { groups } = groupsOf();
      await groups.create(newGroup('Line-1'));
      await assert.rejects(groups.create(newGroup('LINE-1')), code('already-exists'));
      assert.equal((await groups.replace(newGroup('line-1', { displayName: 'new' }))).groupId, 'Line-1');
      assert.equal((await groups.load('lInE-1'))?.displayName, 'new');
      await groups.delete('LINE-1');
      assert.deepEqual(await groups.list(), []);
    });

    test('of two that are made at once, one exists', async () => {
      const { groups } = groupsOf();
      const results = await Promise.allSettled([groups.create(newGroup('a')), groups.create(newGroup('A'))]);
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      assert.equal((await groups.list()).length, 1);
    });

    test('groups are listed in the order in which they were made', async () => {
      const { groups, clock } = groupsOf();
      for (const id of ['z', 'a', 'm']) {
        await groups.create(newGroup(id));
        clock.advance(1);
      }
      assert.deepEqual(
        (await groups.list()).map(({ groupId }) => groupId),
        ['z', 'a', 'm'],
      );
    });

    test('a change gives a new etag and keeps the date of creation; a stale etag changes nothing', async () => {
      const { groups, clock } = groupsOf();
      const first = await groups.create(newGroup('g'));
      clock.advance(5);
      const second = await groups.replace(newGroup('g', { isEnabled: false }), first.etag);
      assert.notEqual(second.etag, first.etag);
      assert.equal(second.createdAt, first.createdAt);
      assert.equal(second.updatedAt, clock.now());
      await assert.rejects(groups.replace(newGroup('g', { displayName: 'late' }), first.etag), code('precondition-failed'));
      await assert.rejects(groups.delete('g', first.etag), code('precondition-failed'));
      assert.deepEqual(await groups.load('g'), second);
    });

    test('what does not exist is enrollment-not-found', async () => {
      const { groups } = groupsOf();
      assert.equal(await groups.load('g'), undefined);
      await assert.rejects(groups.require('g'), code('enrollment-not-found'));
      await assert.rejects(groups.replace(newGroup('g')), code('enrollment-not-found'));
      await assert.rejects(groups.delete('g'), code('enrollment-not-found'));
    });

    test('instances of one database do not see each other', async () => {
      const one = groupsOf();
      const other = groupsOf();
      await one.groups.create(newGroup('g'));
      assert.equal(await other.groups.load('g'), undefined);
      await other.groups.create(newGroup('g', { displayName: 'other' }));
      await other.groups.delete('g');
      assert.equal((await one.groups.load('g'))?.displayName, 'g');
    });

    test('keys that nobody chose are made, 64 bytes each; chosen ones are kept, and lie sealed', async () => {
      const { groups, instance } = groupsOf();
      const made = await groups.create(newGroup('made'));
      assert.ok(made.attestation.type === 'symmetricKey');
      const keys = made.attestation.keys.reveal();
      for (const key of Object.values(keys)) assert.equal(Buffer.from(key, 'base64').length, 64);
      assert.notEqual(keys.primaryKey, keys.secondaryKey);
      assert.equal(JSON.stringify(made).includes(keys.primaryKey), false);
      const primaryKey = Buffer.alloc(16, 1).toString('base64');
      const chosen = await groups.create(newGroup('chosen', { attestation: { type: 'symmetricKey', primaryKey } }));
      assert.ok(chosen.attestation.type === 'symmetricKey' && chosen.attestation.keys.reveal().primaryKey === primaryKey);
      // A rename that sends back what it read keeps the keys, and a new key keeps the other one.
      const renamed = await groups.replace({ ...made, displayName: 'renamed' });
      assert.ok(renamed.attestation.type === 'symmetricKey');
      assert.deepEqual(renamed.attestation.keys.reveal(), keys);
      const rolled = await groups.replace(newGroup('made', { attestation: { type: 'symmetricKey', primaryKey } }));
      assert.ok(rolled.attestation.type === 'symmetricKey');
      assert.deepEqual(rolled.attestation.keys.reveal(), { primaryKey, secondaryKey: keys.secondaryKey });
      for (const wrong of ['short', Buffer.alloc(65).toString('base64')]) {
        const attestation = { type: 'symmetricKey', secondaryKey: wrong } as const;
        await assert.rejects(groups.create(newGroup('wrong', { attestation })), code('argument-invalid'));
        await assert.rejects(groups.replace(newGroup('made', { attestation })), code('argument-invalid'));
      }
      const rows = await database.selectFrom('dps_enrollment_group').selectAll().where('instance', '=', instance).execute();
      const stored = rows.map((row) => JSON.stringify(row) + Buffer.from(row.sealed_keys ?? []).toString('latin1')).join();
      assert.equal(stored.includes(primaryKey) || stored.includes(keys.secondaryKey), false);
    });

    test('a group of a version that knew no keys gets its own at start, once', async () => {
      const { groups, instance } = groupsOf();
      await groups.create(newGroup('old'));
      await database.updateTable('dps_enrollment_group').set({ sealed_keys: null }).where('instance', '=', instance).execute();
      await groups.giveMissingKeys();
      const reveal = async () => {
        const { attestation } = await groups.require('old');
        return attestation.type === 'symmetricKey' ? attestation.keys.reveal() : assert.fail();
      };
      const given = await reveal();
      assert.equal(Buffer.from(given.primaryKey, 'base64').length, 64);
      await groups.giveMissingKeys();
      assert.deepEqual(await reveal(), given);
    });

    test('there are at most 200 groups', async () => {
      const { groups } = groupsOf();
      for (let i = 0; i < 200; i++) await groups.create(newGroup(`g-${i}`));
      await assert.rejects(groups.create(newGroup('one-more')), code('quota-exceeded'));
      await groups.delete('g-7');
      await groups.create(newGroup('one-more'));
    });
  });
}
