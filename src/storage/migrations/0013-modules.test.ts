import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { testDatabases } from '#test/support/databases.ts';
import { hubMigration } from './0002-hub.ts';
import { modulesMigration } from './0013-modules.ts';

for (const { name: kind, open } of testDatabases()) {
  test(`twins and stored sessions of devices come over to ${kind} with modules, and still go with their device`, async (t) => {
    const { database, close } = await open();
    t.after(close);
    const run = (statement: string) => sql.raw(statement).execute(database);
    for (const table of ['hub_message', 'hub_session', 'hub_twin_tag', 'hub_twin', 'hub_module'])
      await run(`drop table ${table}`);
    for (const statement of hubMigration.statements(kind)) {
      if (/create table hub_(twin|session)/.test(statement)) await run(statement);
    }
    for (const device of ['a', 'b']) {
      await run(`insert into hub_device (hub, device_id, generation_id, etag, is_enabled, authentication_type, created_at, updated_at)
        values ('main', '${device}', '1', 'e', 1, 'certificateAuthority', 1, 1)`);
      await run(
        `insert into hub_twin values ('main', '${device}', 7, 3, 'dtmi:m;1', '{"t":1}', '{"d":2}', 4, '[1]', '{"r":3}', 5, '[2]')`,
      );
      await run(`insert into hub_session values ('main', '${device}', '[["f",1]]')`);
    }
    for (const statement of modulesMigration.statements(kind)) await run(statement);

    const twins = await database.selectFrom('hub_twin').selectAll().where('identity', '=', 'a').execute();
    assert.deepEqual(twins, [
      {
        hub: 'main',
        identity: 'a',
        device_id: 'a',
        module_id: null,
        revision: 7,
        service_revision: 3,
        model_id: 'dtmi:m;1',
        tags: '{"t":1}',
        desired: '{"d":2}',
        desired_version: 4,
        desired_metadata: '[1]',
        reported: '{"r":3}',
        reported_version: 5,
        reported_metadata: '[2]',
      },
    ]);
    const sessions = await database.selectFrom('hub_session').selectAll().where('identity', '=', 'a').execute();
    assert.deepEqual(sessions, [{ hub: 'main', identity: 'a', device_id: 'a', module_id: null, subscriptions: '[["f",1]]' }]);
    await database.deleteFrom('hub_device').where('device_id', '=', 'a').execute();
    for (const table of ['hub_twin', 'hub_session'] as const) {
      const left = await database.selectFrom(table).select('identity').execute();
      assert.deepEqual(
        left.map(({ identity }) => identity),
        ['b'],
        table,
      );
    }
  });

  test(`on ${kind} no twin or session is kept of a module that is not there`, async (t) => {
    const { database, close } = await open();
    t.after(close);
    await database
      .insertInto('hub_device')
      .values({
        hub: 'main',
        device_id: 'a',
        generation_id: '1',
        etag: 'e',
        is_enabled: 1,
        status_reason: null,
        status_updated_at: null,
        authentication_type: 'certificateAuthority',
        primary_thumbprint: null,
        secondary_thumbprint: null,
        sealed_keys: null,
        is_edge: 0,
        created_at: 1,
        updated_at: 1,
      })
      .execute();
    const session = { hub: 'main', identity: 'a/m', device_id: 'a', module_id: 'm', subscriptions: '[]' };
    await assert.rejects(database.insertInto('hub_session').values(session).execute(), /foreign key/i);
  });
}
