import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { parseQuery, parseQueryCondition } from './parse.ts';

/** What shipped clients send (hub-service-protocol.md 5). */
const literal = [
  'SELECT * FROM devices',
  `SELECT deviceId as DeviceId, status as Status, lastActivityTime as LastActivityTime, statusUpdatedTime as StatusUpdatedTime,
   authenticationType as AuthenticationType, cloudToDeviceMessageCount as CloudToDeviceMessageCount,
   connectionState as ConnectionState, capabilities.iotEdge as IotEdge, modelId as ModelId FROM devices WHERE STARTSWITH(devices.deviceId,'ab')`,
  "SELECT deviceId FROM devices WHERE (capabilities.iotEdge=true AND status='enabled')",
  "SELECT deviceId FROM devices WHERE (status!='disabled')",
  "SELECT * FROM devices.modules WHERE deviceId in ['x']",
  "SELECT * FROM devices.modules where devices.deviceId='x'",
  'select * from devices where capabilities.iotEdge = true',
  "select deviceId from devices where array_contains(parentScopes,'ms-azure-iot-edge://p-1')",
  "select * from devices.modules where devices.deviceId in ['a','b']",
  "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'j'",
  "select deviceId from devices.modules where moduleId = '$edgeAgent' and configurations.[[my-id]].status = 'Applied'",
  `select deviceId from devices.modules where moduleId = '$edgeAgent' and configurations.[[a]].status='Applied'
   and properties.desired.$version = properties.reported.lastDesiredVersion and properties.reported.lastDesiredStatus.code = 200`,
];

const complaints: readonly (readonly [text: string, line: number, column: number, message: RegExp])[] = [
  ['', 1, 1, /Expected SELECT, found the end/],
  ['SELEC', 1, 1, /Expected SELECT, found "SELEC"/],
  ['SELECT', 1, 7, /Expected a value, found the end/],
  ['SELECT * FORM devices', 1, 10, /Expected FROM, found "FORM"/],
  ['SELECT * FROM device', 1, 15, /Expected devices/],
  ['SELECT * FROM devices.twins', 1, 23, /Expected modules or jobs/],
  ['SELECT * FROM devices WHERE', 1, 28, /Expected a value, found the end/],
  ['SELECT *\nFROM devices\nWHERE a = = 1', 3, 11, /Expected a value, found "="/],
  ["SELECT * FROM devices WHERE a = 'x", 1, 33, /The string has no end/],
  ["SELECT * FROM devices WHERE a = '\\q'", 1, 34, /no such escape/],
  ["SELECT * FROM devices WHERE a = '\\u12g4'", 1, 34, /no such escape/],
  ['SELECT * FROM devices WHERE a = 12abc', 1, 33, /run into "abc"/],
  ['SELECT * FROM devices WHERE a = 1e999', 1, 33, /out of range/],
  ['SELECT * FROM devices WHERE a = #', 1, 33, /"#" means nothing/],
  ['SELECT * FROM devices WHERE a.[[b', 1, 31, /There is no \]\]/],
  ['SELECT * FROM devices WHERE a.[[ ]] = 1', 1, 31, /name is empty/],
  ['SELECT * FROM devices WHERE (a = 1', 1, 35, /Expected \), found the end/],
  ['SELECT * FROM devices WHERE a IN (1)', 1, 34, /list in square brackets/],
  ['SELECT * FROM devices WHERE a IN [b]', 1, 35, /Expected a constant, found "b"/],
  ['SELECT * FROM devices WHERE a NOT 5', 1, 35, /Expected IN, found the number 5/],
  ['SELECT * FROM devices WHERE a[-1] = 1', 1, 31, /place in an array/],
  ['SELECT * FROM devices WHERE a[1.5] = 1', 1, 31, /place in an array/],
  ['SELECT * FROM devices WHERE frob(a)', 1, 29, /no function frob/],
  ["SELECT * FROM devices WHERE startswith('a')", 1, 29, /STARTSWITH takes 2 arguments, not 1/],
  ['SELECT * FROM devices WHERE count(a) > 1', 1, 29, /no function count/],
  ['SELECT * FROM devices ORDER BY deviceId', 1, 23, /ORDER BY is not supported/],
  ['SELECT * FROM devices JOIN x', 1, 23, /Expected the end/],
  ['SELECT * FROM devices; DROP TABLE hub_device', 1, 24, /Expected the end, found "DROP"/],
  ['SELECT TOP x * FROM devices', 1, 12, /Expected a whole number/],
  ['SELECT TOP -1 * FROM devices', 1, 12, /Expected a whole number/],
  ['SELECT * FROM devices GROUP BY status', 1, 8, /names its columns/],
  ['SELECT deviceId, COUNT() AS n FROM devices GROUP BY status', 1, 8, /must stand in GROUP BY/],
  ['SELECT status, tags.status FROM devices', 1, 8, /Two columns are called "status"/],
  ['SELECT AVG() AS n FROM devices', 1, 12, /Expected a property/],
  ['SELECT a AS FROM devices', 1, 18, /Expected FROM/],
  ['SELECT * FROM devices GROUP status', 1, 29, /Expected BY/],
];

describe('reading queries', () => {
  for (const text of literal) test(`it reads ${text.replace(/\s+/g, ' ').slice(0, 60)}…`, () => void parseQuery(text));

  for (const [text, line, column, message] of complaints) {
    test(`it complains of ${JSON.stringify(text)} at ${line}:${column}`, () => {
      assert.throws(
        () => parseQuery(text),
        (error: Problem) => {
          assert.equal(error.code, 'argument-invalid');
          assert.match(error.message, message);
          assert.match(error.message, new RegExp(`at line ${line}, column ${column}:`));
          return true;
        },
      );
    });
  }

  test('keywords know no case, names do, and a word after a dot is a name whatever else it means', () => {
    const query = parseQuery(
      'select tags.In As x, tags.from y, modelId from DEVICES where tags.status = tags.Status group By tags.In, tags.from, modelId ;',
    );
    assert.deepEqual(query.select === '*' ? [] : query.select.map(({ name }) => name), ['x', 'y', 'modelId']);
    assert.deepEqual(query.groupBy, [['tags', 'In'], ['tags', 'from'], ['modelId']]);
  });

  test('the name of the source before a path is no part of it', () => {
    const { select } = parseQuery(
      'SELECT devices.deviceId, devices.modules.moduleId, devices.jobs.jobId, tags[0].a.[[b c]] AS d FROM devices',
    );
    assert.deepEqual(select === '*' ? [] : select.map(({ value }) => value?.kind === 'path' && value.path), [
      ['deviceId'],
      ['moduleId'],
      ['jobId'],
      ['tags', 0, 'a', 'b c'],
    ]);
  });

  test('what has no name is called by its place among those', () => {
    const { select } = parseQuery('SELECT COUNT(), status, MAX(version), AVG(version) AS mean FROM devices GROUP BY status');
    assert.deepEqual(select === '*' ? [] : select.map(({ name }) => name), ['$1', 'status', '$2', 'mean']);
  });

  test('constants: hexadecimal, escapes, doubled quotes, lists', () => {
    const { where } = parseQuery(`SELECT * FROM devices WHERE a IN [0xff, -1.5e2, 'it''s', "\\u0041\\n\\"", true, null]`);
    assert.deepEqual(where?.kind === 'in' && where.items, [255, -150, "it's", 'A\n"', true, null]);
  });

  const hostile: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['a megabyte', `SELECT * FROM devices WHERE a = '${'x'.repeat(1_000_000)}'`, /longer than 65536/],
    ['a million parentheses', `SELECT * FROM devices WHERE ${'('.repeat(60_000)}`, /nests deeper than 64/],
    ['many NOTs', `SELECT * FROM devices WHERE ${'NOT '.repeat(10_000)} a`, /nests deeper/],
    ['many signs', `SELECT * FROM devices WHERE ${'-'.repeat(10_000)}1 = 1`, /nests deeper/],
    ['nested calls', `SELECT * FROM devices WHERE ${'LOWER('.repeat(5_000)}`, /nests deeper/],
    ['many terms', `SELECT * FROM devices WHERE ${Array(5_000).fill('a=1').join(' OR ')}`, /more than 1000 terms/],
    ['a long sum', `SELECT * FROM devices WHERE ${Array(20_000).fill('1').join('+')} = 1`, /more than 1000 terms/],
    ['a long list', `SELECT * FROM devices WHERE a IN [${Array(6_000).fill('1').join(',')}]`, /at most 5000 members/],
    ['a long path', `SELECT * FROM devices WHERE a${'.b'.repeat(1_000)} = 1`, /at most 32 steps/],
    [
      'many columns',
      `SELECT ${Array.from({ length: 500 }, (_, at) => `a AS c${at}`).join(',')} FROM devices`,
      /at most 200 columns/,
    ],
    ['many groups', `SELECT COUNT() FROM devices GROUP BY ${Array(500).fill('a').join(',')}`, /at most 200 groups/],
  ];
  for (const [what, text, message] of hostile) {
    test(`${what} is refused`, () => {
      assert.throws(
        () => parseQuery(text),
        (error: unknown) => error instanceof Problem && error.code === 'argument-invalid' && message.test(error.message),
      );
    });
  }
});

describe('conditions of jobs and configurations', () => {
  test('what follows WHERE, everything, or modules', () => {
    assert.equal(parseQueryCondition('*').where, undefined);
    assert.equal(parseQueryCondition("tags.x='y'").where?.kind, 'compare');
    assert.equal(parseQueryCondition("FROM devices.modules WHERE moduleId = 'm'").source, 'devices.modules');
    assert.equal(parseQueryCondition('from devices.modules').where, undefined);
    assert.throws(() => parseQueryCondition('bad('), {
      code: 'argument-invalid',
      message: /line 1, column 1: There is no function bad/,
    });
    assert.throws(() => parseQueryCondition(''), { code: 'argument-invalid' });
  });
});
