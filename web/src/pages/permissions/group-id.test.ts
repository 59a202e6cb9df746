import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupIdFrom } from './group-id.ts';

test('a name becomes an id that the API allows', () => {
  assert.equal(groupIdFrom('Azure Sphere', []), 'azure-sphere');
  assert.equal(groupIdFrom('  Größe/Ünit #4 ', []), 'gro-e-u-nit-4');
  assert.equal(groupIdFrom('日本', []), 'group');
  assert.match(groupIdFrom('x'.repeat(400), []), /^x{100}$/);
});

test('a taken id gets the next free number, whatever the case', () => {
  assert.equal(groupIdFrom('Azure Sphere', ['Azure-Sphere', 'azure-sphere-2']), 'azure-sphere-3');
});
