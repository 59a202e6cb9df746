import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRequest, requestFields } from './command-request.ts';

const template = (request: unknown) => ({
  '@id': 'dtmi:t;1',
  '@type': ['ModelDefinition', 'DeviceModel'],
  displayName: 'T',
  etag: 'x',
  capabilityModel: { contents: [{ '@type': ['Command'], name: 'go', request }] as never },
});
const command = { name: 'go', request: { name: 'speed', displayName: 'Speed', schema: 'object' } };

test('central 46: an object request has one field per DTDL field, nested ones too', () => {
  const fields = requestFields(
    template({
      name: 'move',
      schema: {
        '@type': 'Object',
        fields: [
          { name: 'speed', displayName: { en: 'Speed' }, schema: 'double' },
          {
            name: 'mode',
            schema: {
              '@type': 'Enum',
              valueSchema: 'integer',
              enumValues: [{ name: 'slow', displayName: 'Slow', enumValue: 1 }],
            },
          },
          { name: 'at', schema: { '@type': 'Object', fields: [{ name: 'x', schema: 'integer' }] } },
        ],
      },
    }),
    command,
  );
  assert.deepEqual(
    fields.map((field) => [field.path.join('.'), field.label, field.schema]),
    [
      ['speed', 'Speed', 'double'],
      ['mode', 'mode', 'enum'],
      ['at.x', 'x', 'integer'],
    ],
  );
  assert.deepEqual(buildRequest(fields, { speed: '1.5', mode: 'Slow', 'at.x': '3' }), {
    ok: true,
    request: { speed: 1.5, mode: 1, at: { x: 3 } },
  });
});

test('a plain request is sent as the bare value', () => {
  const fields = requestFields(template({ name: 'alertMessage', displayName: 'Alert Message', schema: 'string' }), command);
  assert.deepEqual(buildRequest(fields, { '': 'Hello' }), { ok: true, request: 'Hello' });
});

test('every wrong field is named, and nothing is sent', () => {
  const fields = requestFields(
    template({
      name: 'r',
      schema: {
        '@type': 'Object',
        fields: [
          { name: 'a', schema: 'integer' },
          { name: 'b', schema: 'double' },
        ],
      },
    }),
    command,
  );
  const built = buildRequest(fields, { a: 'x', b: 'y' });
  assert.equal(built.ok, false);
  assert.deepEqual(Object.keys(built.ok ? {} : built.problems), ['a', 'b']);
});

test('a command without a request has no field and sends none', () => {
  assert.deepEqual(requestFields(undefined, { name: 'go' }), []);
  assert.deepEqual(buildRequest([], {}), { ok: true, request: undefined });
});

test('without a template the field is the one the server named', () => {
  assert.deepEqual(requestFields(undefined, command), [{ path: [], label: 'Speed', schema: 'object' }]);
});
