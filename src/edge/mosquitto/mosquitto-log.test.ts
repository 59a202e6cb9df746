import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { bridgeComplaint, logSize, readLogLines, startComplaint } from './mosquitto-log.ts';

const refused = ['Connecting bridge (step 1) edge_to_az (hub:8883)', 'Connection Refused: not authorised.'];
const untrusted = [
  'Connecting bridge (step 1) edge_to_az (hub:8883)',
  'Connecting bridge (step 2) edge_to_az (hub:8883)',
  'OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed',
  'Error creating bridge: Protocol error.',
];

test('the last attempt with a reason says why the hub is not reached, and TLS before what became of it', () => {
  assert.equal(bridgeComplaint([]), undefined);
  assert.equal(bridgeComplaint(['mosquitto version 2.0.11 running', ...untrusted]), untrusted[2]);
  assert.equal(bridgeComplaint([...untrusted, ...refused, untrusted[0] ?? '']), 'Connection Refused: not authorised.');
});

test('a start that failed is explained by the last error', () => {
  assert.equal(startComplaint(['mosquitto version 2.0.11 starting', 'Error: Address already in use']), 'Address already in use');
  assert.equal(startComplaint(['mosquitto version 2.0.11 running']), undefined);
});

test('of a log only what is new is read, and of one that was begun anew everything', async (t) => {
  const path = join(temporaryDirectory(t), 'mosquitto.log');
  assert.equal(await logSize(path), 0);
  assert.deepEqual(await readLogLines(path, 0), []);
  writeFileSync(path, '1795794951: before\n');
  const before = await logSize(path);
  appendFileSync(path, '1795794952: Error: after\nno time\n');
  assert.deepEqual(await readLogLines(path, before), ['Error: after']);
  writeFileSync(path, '1795794953: new\n');
  assert.deepEqual(await readLogLines(path, before + 1), ['new']);
});
