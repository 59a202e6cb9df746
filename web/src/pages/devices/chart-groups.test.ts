import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartGroups, numberOf } from './chart-groups.ts';

const model = (telemetry: { name: string; schema: string; unit?: string }[]) => ({
  id: 'dtmi:x;1',
  displayName: 'X',
  telemetry: telemetry.map((item) => ({ displayName: item.name, ...item })),
  properties: [],
  commands: [],
});

test('series of one unit share a chart, others do not', () => {
  const groups = chartGroups(
    model([
      { name: 'inside', schema: 'double', unit: 'degreeCelsius' },
      { name: 'humidity', schema: 'double', unit: 'percent' },
      { name: 'outside', schema: 'float', unit: 'degreeCelsius' },
    ]),
  );
  assert.deepEqual(
    groups.map((group) => [group.unit, group.series.map((line) => line.name)]),
    [
      ['°C', ['inside', 'outside']],
      ['%', ['humidity']],
    ],
  );
});

test('numbers without a unit get a chart each, and text gets none', () => {
  const groups = chartGroups(
    model([
      { name: 'count', schema: 'integer' },
      { name: 'level', schema: 'double' },
      { name: 'note', schema: 'string' },
    ]),
  );
  assert.equal(groups.length, 2);
});

test('numbers come before what is only true or false', () => {
  const groups = chartGroups(
    model([
      { name: 'moved', schema: 'boolean' },
      { name: 'temperature', schema: 'double', unit: 'degreeCelsius' },
    ]),
  );
  assert.deepEqual(
    groups.map((group) => [group.series[0]?.name, group.isBoolean, group.series[0]?.colorIndex]),
    [
      ['temperature', false, 0],
      ['moved', true, 1],
    ],
  );
});

test('the ninth series of a unit begins another chart', () => {
  const many = Array.from({ length: 9 }, (_, index) => ({ name: `t${index}`, schema: 'double', unit: 'volt' }));
  assert.deepEqual(
    chartGroups(model(many)).map((group) => group.series.length),
    [8, 1],
  );
});

test('only what is wholly a number is drawn as one', () => {
  assert.equal(numberOf('23.46'), 23.46);
  assert.equal(numberOf(true), 1);
  for (const value of ['', ' ', '23.46 C', '0x10', 'NaN', 'Infinity', Number.NaN, null, {}])
    assert.equal(numberOf(value), undefined, String(value));
});
