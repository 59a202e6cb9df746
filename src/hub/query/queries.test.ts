import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Json, JsonObject } from '#base/json.ts';
import { evaluate, walk } from '#lang/evaluate.ts';
import { parseQuery } from '#lang/query/parse.ts';
import { testDatabases } from '#test/support/databases.ts';
import { documentSource } from '#test/support/document-source.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { Queries } from './queries.ts';
import type { QuerySource } from './query-source.ts';
import { twinSource } from './twin-source.ts';

const cases = 300;

/** Random twins, and conditions over what is in them and what is not. */
function chance(seed: string) {
  const random = seededRandom(seed);
  const below = (count: number): number => Math.floor(random.fraction() * count);
  function pick<T>(of: readonly T[]): T {
    const picked = of[below(of.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }
  const odd = 'it\'s \u{1d11e}\u{ffee}\\u0041 "quoted"';
  const texts = [
    '',
    'a',
    'ab',
    'abc',
    'b',
    '5',
    'true',
    'null',
    odd,
    'NUL\u0000inside',
    '\ud834',
    'x'.repeat(300),
    `${'x'.repeat(299)}y`,
  ];
  const numbers = [0, -0, 1, -1, 5, 0.1, 0.30000000000000004, 1.5, -1.5e-7, 123456789.125, 4503599627370495, 5e-324];
  const names = ['a', 'a', 'a', 'b', 'b', 'c-d', 'B', '0', 'é', '__proto__', "q'u", 'status'];

  function value(depth: number): Json {
    const kind = below(depth > 2 ? 6 : 9);
    if (kind < 2) return pick(below(2) === 0 ? ['a', 'ab', 'b'] : texts);
    if (kind < 4) return pick(below(2) === 0 ? [0, 1, 5] : numbers);
    if (kind === 4) return pick([true, false]);
    if (kind === 5) return pick([null, 'a', 1]);
    if (kind < 8) return members(depth + 1);
    return Array.from({ length: below(3) }, () => pick<Json>(['a', 1, true, null, { a: 1 }]));
  }

  function members(depth: number): JsonObject {
    return Object.fromEntries(Array.from({ length: 1 + below(4) }, () => [pick(names), value(depth)] as const));
  }

  const step = (name: string) => (/^[a-z]+$/i.test(name) ? `.${name}` : `.[[${name}]]`);
  const below1 = () =>
    Array.from({ length: below(4) === 0 ? 2 : 1 }, () => (below(12) === 0 ? `[${below(2)}]` : step(pick(names)))).join('');

  function path(): string {
    const root = below(10);
    if (root < 4) return `tags${below1()}`;
    if (root < 6) return `properties.reported${below1()}`;
    if (root < 8) return `properties.desired${below1()}`;
    return pick([
      'deviceId',
      'moduleId',
      'status',
      'connectionState',
      'modelId',
      'version',
      'etag',
      'nowhere',
      'tags',
      'properties.desired.$version',
      'capabilities.iotEdge',
      'properties.reported.$metadata.a.$lastUpdated',
      'lastActivityTime',
      'cloudToDeviceMessageCount',
      'parentScopes',
    ]);
  }

  const escaped = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const isPlain = (one: string) => one.length > 1 || (one >= ' ' && one !== "'" && one !== '\\' && one.isWellFormed());
  const quote = (text: string) => `'${[...text].map((one) => (isPlain(one) ? one : escaped(one))).join('')}'`;
  const words = ['enabled', 'disabled', 'Connected', 'Disconnected', 'd-1', 'd-2', 'd', 'D-3', 'm', 'dtmi:a;1'];

  function constant(): string {
    const kind = below(10);
    if (kind < 3) return quote(pick(below(2) === 0 ? ['a', 'ab', 'b'] : texts));
    if (kind < 5) return quote(pick(words));
    if (kind < 8) return String(pick(below(2) === 0 ? [0, 1, 5] : numbers)).replace('e+', 'e');
    return pick(['true', 'false', 'null', 'undefined']);
  }

  function condition(depth: number): string {
    const kind = below(depth > 2 ? 7 : 11);
    if (kind < 3) {
      const operator = pick(['=', '=', '=', '!=', '<>', '<', '<=', '>', '>=']);
      return below(4) === 0 ? `${constant()} ${operator} ${path()}` : `${path()} ${operator} ${constant()}`;
    }
    if (kind === 3)
      return `${path()} ${pick(['IN', 'NIN', 'NOT IN'])} [${Array.from({ length: below(4) }, constant).join(', ')}]`;
    if (kind === 4) return `${pick(['STARTSWITH', 'CONTAINS', 'ENDSWITH', 'ARRAY_CONTAINS'])}(${path()}, ${constant()})`;
    if (kind === 5) return `${pick(['IS_DEFINED', 'IS_STRING', 'IS_NUMBER', 'IS_OBJECT'])}(${path()})`;
    if (kind === 6) return `${path()} ${pick(['+', '*', '-'])} 1 ${pick(['=', '>'])} ${path()}`;
    if (kind === 7) return `NOT (${condition(depth + 1)})`;
    const word = pick([' AND ', ' OR ']);
    return `(${Array.from({ length: 2 + below(2) }, () => condition(depth + 1)).join(word)})`;
  }

  return { below, pick, members, path, condition, names };
}

for (const { name, open } of testDatabases()) {
  describe(`queries on ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let made = 0;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());

    /** A hub of its own. */
    async function setUp() {
      const { database } = opened;
      const hub = `hub${++made}`;
      const rooms = hubRooms(database, hub);
      const counts = new Map<string, number>();
      const cloudToDevice = { countMany: async () => counts };
      const options = { database, hub, presence: rooms.presence, cloudToDevice };
      const devices = twinSource(options, false);
      const modules = twinSource(options, true);
      const queries = new Queries(
        new Map([
          ['devices', devices],
          ['devices.modules', modules],
        ]),
      );
      const create = (deviceId: string, initialTwin: { tags?: JsonObject; desired?: JsonObject } = {}) =>
        rooms.registry.create({ deviceId, authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA }, initialTwin });
      /** Every page of a query. */
      async function all(text: string, items = 100): Promise<JsonObject[][]> {
        const pages: JsonObject[][] = [];
        for (let continuation: string | undefined; ; ) {
          const page = await queries.run(text, { items, ...(continuation === undefined ? {} : { continuation }) });
          pages.push([...page.items]);
          continuation = page.continuation;
          if (continuation === undefined) return pages;
        }
      }
      return { ...rooms, database, hub, counts, devices, modules, queries, create, all };
    }

    /**
     * Goal: no row is lost and none is made up by what a database is asked to do.
     * Method: random twins and random conditions, answered by the database and by our own evaluation over the documents
     * that the source itself gives; then in pages, by groups, and for modules.
     */
    test(`${cases} random queries give what our own evaluation gives`, async () => {
      const seed = process.env.HOMEPORT_TEST_SEED ?? `${name}-1`;
      const { below, pick, members, condition, path } = chance(seed);
      const { registry, twins, presence, database, hub, devices, modules, create, all } = await setUp();
      const ids = ['d-1', 'd-2', 'D-3', 'd', 'd.4', 'd-1-x', ...Array.from({ length: 34 }, (_, at) => `e${at}`)];
      for (const deviceId of ids) {
        await create(deviceId, { tags: members(0), desired: members(0) });
        await twins.patchReported(deviceId, members(0));
        if (below(4) === 0) await registry.setEnabled(deviceId, false);
        if (below(5) === 0) await registry.hold([deviceId], 'held');
        if (below(3) === 0) await twins.setModelId(deviceId, pick(['dtmi:a;1', 'dtmi:a;2', 'dtmi:\u{1d11e};1']));
        for (const moduleId of ['m', 'n'].filter(() => below(3) === 0)) {
          await registry.modules.create({ deviceId, moduleId, initialTwin: { tags: members(0) } });
          await twins.patchReported(`${deviceId}/${moduleId}`, members(0));
        }
      }
      for (const [at, deviceId] of ids.entries()) {
        if (at % 3 !== 0) continue;
        const states = {
          hub,
          device_id: deviceId,
          is_connected: at % 2,
          sequence: at,
          changed_at: at * 1000,
          cause: null,
        };
        await database.insertInto('hub_presence').values(states).execute();
      }
      await presence.flush();
      const plain = { devices: await copyOf(devices), 'devices.modules': await copyOf(modules) };
      let telling = 0;
      for (let run = 0; run < cases; run++) {
        const source = run % 4 === 0 ? 'devices.modules' : 'devices';
        const where = condition(0);
        const one = `SELECT * FROM ${source} WHERE ${where}`;
        const expression = parseQuery(one).where;
        assert.ok(expression);
        const wanted = plain[source].filter(
          (document) => evaluate(expression, { value: (steps) => walk(document, steps) }) === true,
        );
        assert.deepEqual((await all(one, 1 + below(60))).flat(), wanted, `${seed}: ${one}`);
        if (wanted.length > 0 && wanted.length < plain[source].length) telling += 1;
        const group = pick(['status', 'connectionState', 'modelId', path()]);
        const many = `SELECT ${group} AS g, COUNT() AS n, MIN(version) AS least, AVG(tags.a) AS mean FROM ${source} WHERE ${where} GROUP BY ${group}`;
        const model = new Queries(new Map([[source, documentSource(plain[source])]]));
        assert.deepEqual((await all(many)).flat(), (await model.run(many, { items: 1_000 })).items, `${seed}: ${many}`);
        const counts = `SELECT COUNT() AS n, ${group} AS g FROM ${source} WHERE ${where} GROUP BY ${group}`;
        assert.deepEqual((await all(counts)).flat(), (await model.run(counts, { items: 1_000 })).items, `${seed}: ${counts}`);
      }
      assert.ok(telling > cases / 5, `${telling} of ${cases} conditions keep some rows and not all`);
    });

    test('hub-service 43: pages hold what was asked for, and the last says that it is the last', async () => {
      const { create, all, queries } = await setUp();
      for (const deviceId of ['a', 'b', 'c', 'd', 'e']) await create(deviceId);
      const sizes = async (text: string, items: number) => (await all(text, items)).map((page) => page.length);
      assert.deepEqual(await sizes('SELECT * FROM devices', 2), [2, 2, 1]);
      assert.deepEqual(await sizes('SELECT deviceId FROM devices', 5), [5]);
      assert.deepEqual(await sizes("SELECT * FROM devices WHERE deviceId != 'c'", 2), [2, 2]);
      assert.deepEqual(await sizes('SELECT TOP 3 * FROM devices', 2), [2, 1]);
      assert.deepEqual(await sizes('SELECT TOP 4 deviceId FROM devices', 2), [2, 2]);
      assert.deepEqual(await sizes('SELECT TOP 0 * FROM devices', 2), [0]);
      assert.deepEqual(await sizes('SELECT deviceId, COUNT() AS n FROM devices GROUP BY deviceId', 2), [2, 2, 1]);
      assert.deepEqual(await sizes("SELECT * FROM devices WHERE deviceId = 'nobody'", 2), [0]);
      assert.equal((await queries.run('SELECT * FROM devices', { items: 0 })).items.length, 1);
      assert.equal((await queries.run('SELECT * FROM devices', { items: 100_000 })).items.length, 5);
    });

    test('a token is for its query alone, and for the next hub that reads it', async () => {
      const { create, queries, devices } = await setUp();
      for (const deviceId of ['a', 'b', 'c']) await create(deviceId);
      const text = 'SELECT deviceId FROM devices';
      const { continuation = '' } = await queries.run(text, { items: 1 });
      assert.match(continuation, /^[A-Za-z0-9_-]{1,2048}$/);
      const restarted = new Queries(new Map([['devices', devices]]));
      assert.deepEqual((await restarted.run(text, { items: 1, continuation })).items, [{ deviceId: 'b' }]);
      const refused = { code: 'argument-invalid', message: /continuation token/ };
      await assert.rejects(queries.run(`${text} `, { continuation }), refused);
      const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const odd = [
        '',
        '!',
        'e30',
        '=',
        'x'.repeat(3_000),
        forged({}),
        forged([]),
        forged(['x', -1]),
        forged(['x', 1, 2]),
        forged([[[[]]]]),
      ];
      for (const token of odd) await assert.rejects(queries.run(text, { continuation: token }), refused, token);
    });

    test('a query has what was written before it, connections and messages too', async () => {
      const { create, twins, registry, counts, presence, queries, all } = await setUp();
      await create('a', { tags: { site: 'north' } });
      await create('b', { tags: { site: 'north' } });
      const north = "SELECT deviceId FROM devices WHERE tags.site = 'north'";
      assert.deepEqual((await all(north)).flat(), [{ deviceId: 'a' }, { deviceId: 'b' }]);
      await twins.patchTags('a', { site: 'south' });
      assert.deepEqual((await all(north)).flat(), [{ deviceId: 'b' }]);
      await registry.delete('b');
      assert.deepEqual((await all(north)).flat(), []);
      counts.set('a', 3);
      assert.deepEqual((await queries.run('SELECT cloudToDeviceMessageCount AS n FROM devices')).items, [{ n: 3 }]);
      assert.deepEqual((await queries.run('SELECT * FROM devices WHERE cloudToDeviceMessageCount > 2')).items.length, 1);
      const caller = { deviceId: 'a' } as never;
      presence.open({ caller, close() {} });
      assert.equal((await queries.run("SELECT * FROM devices WHERE connectionState = 'Connected'")).items.length, 1);
      assert.deepEqual((await queries.run('SELECT connectionState, COUNT() AS n FROM devices GROUP BY connectionState')).items, [
        { connectionState: 'Connected', n: 1 },
      ]);
    });

    test('aggregates pass over what they can make nothing of, and a missing member is a group of its own', async () => {
      const { create, all } = await setUp();
      const values: JsonObject[] = [
        { n: 1, t: 'b', g: 'x' },
        { n: 2.5, t: 'a', g: 'x' },
        { n: '7', g: 'x' },
        { g: 1 },
        { n: true },
        { n: 4 },
      ];
      for (const [at, tags] of values.entries()) await create(`d${at}`, { tags });
      const one = async (text: string) => (await all(text)).flat();
      assert.deepEqual(
        await one(
          'SELECT COUNT() AS all, COUNT(tags.n) AS n, SUM(tags.n) AS sum, AVG(tags.n) AS mean, MIN(tags.t) AS least, MAX(tags.n) AS most, MAX(tags.none) AS none FROM devices',
        ),
        [{ all: 6, n: 5, sum: 7.5, mean: 2.5, least: 'a', most: 4 }],
      );
      assert.deepEqual(await one('SELECT tags.g, COUNT() AS n, 1 AS one FROM devices GROUP BY tags.g'), [
        { n: 2, one: 1 },
        { g: 'x', n: 3, one: 1 },
        { g: 1, n: 1, one: 1 },
      ]);
      assert.deepEqual(await one("SELECT COUNT() AS n FROM devices WHERE deviceId = 'nobody'"), [{ n: 0 }]);
      assert.deepEqual(await one("SELECT status, COUNT() AS n FROM devices WHERE deviceId = 'nobody' GROUP BY status"), []);
    });

    test('more queries at once than may run wait for each other', async () => {
      const { create, queries } = await setUp();
      await create('a');
      const asked = Array.from({ length: 20 }, () => queries.run('SELECT COUNT() AS n FROM devices WHERE version > 0'));
      for (const { items } of await Promise.all(asked)) assert.deepEqual(items, [{ n: 1 }]);
    });

    test('texts that mean something in SQL are texts', async () => {
      const { create, all, queries } = await setUp();
      const evil = `'; drop table hub_device; --`;
      await create('a', { tags: { site: evil }, desired: { "x')": evil } });
      const quoted = evil.replaceAll("'", "''");
      assert.equal((await all(`SELECT * FROM devices WHERE tags.site = '${quoted}'`)).flat().length, 1);
      assert.equal((await all(`SELECT * FROM devices WHERE properties.desired.[[x')]] = '${quoted}'`)).flat().length, 1);
      for (const path of [
        `tags.[[${evil}]]`,
        `properties.desired.[[${evil}]]`,
        `properties.reported.[["]].[[}]]`,
        '[[d.hub]]',
        '__proto__',
        'constructor.name',
      ]) {
        assert.equal((await all(`SELECT * FROM devices WHERE ${path} = '${quoted}'`)).flat().length, 0, path);
      }
      assert.deepEqual(await all('SELECT deviceId AS __proto__ FROM devices'), [[JSON.parse('{"__proto__":"a"}')]]);
      assert.deepEqual(
        (await queries.run(`SELECT deviceId AS [["; drop]] FROM devices WHERE STARTSWITH(deviceId, 'a%')`)).items,
        [],
      );
      assert.equal((await all('SELECT * FROM devices')).flat().length, 1);
    });
  });
}

async function copyOf(source: QuerySource): Promise<JsonObject[]> {
  const { rows, through } = await source.scan({ max: 1_000 });
  assert.equal(through, undefined);
  return rows.map((row) => row.document());
}
