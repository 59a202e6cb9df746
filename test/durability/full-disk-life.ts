/**
 * A life of a server on a disk that runs full and gets room again; ends with 0 when everything was as it must be.
 * Started by full-disk.test.ts in a mount namespace of its own, TMPDIR being the small disk.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#test/support/eventually.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { readLog } from '#test/support/stored-log.ts';
import { connectTestDevice, createTestDevice } from '#test/support/test-device.ts';
import { ConnectRefused } from '#wire/mqtt/client-connection.ts';
import { checkLog } from './kill-load.ts';

const disk = tmpdir();
const filler = join(disk, 'filler');
const bytesLeft = 128 * 1024;

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(disk);
  return bavail * bsize;
}

function fill(): void {
  const file = openSync(filler, 'w', 0o600);
  while (freeBytes() > bytesLeft) writeSync(file, Buffer.alloc(Math.min(64 * 1024, freeBytes() - bytesLeft)));
  closeSync(file);
}

assert.ok(freeBytes() < 100 * 1024 * 1024, `${disk} is the small disk`);
const home = await startHomeport();
const state = async () => JSON.parse(await home.ok('homeport', ['status', '--json'])).hub.events.state as string;
const identity = await createTestDevice(home, 'device');
const connect = () => connectTestDevice(home, 'device', identity);
const acknowledged = new Set<number>();
let sent = 0;
const padding = '.'.repeat(3_000);
const message = () => Buffer.from(JSON.stringify({ Temperature: ++sent, padding }));

let device = await connect();
assert.ok(await device.send(message()));
acknowledged.add(sent);

fill();
/** Resolves with what status says when it no longer says that all is well. */
const trouble = eventually(async () => {
  const now = await state();
  return now === 'ok' ? undefined : now;
});
let waiting: Promise<boolean>;
do {
  waiting = device.send(message());
  const answer = await Promise.race([waiting, trouble]);
  if (answer !== true) break;
  acknowledged.add(sent);
} while (sent < 10_000);
assert.equal(await trouble, 'full');
assert.ok(acknowledged.size >= 10, 'it took what there was room for');
// The one that met the full disk is not answered; the next ends the connection, so that the device sends both again later.
const next = device.send(message());
const reason = await device.end;
assert.deepEqual([await waiting, await next], [false, false]);
console.log(`full after ${acknowledged.size} messages; then: ${reason}`);
assert.match(await home.ok('homeport', ['status']), /^hub\.events\.state +full$/m);

// Turned away in a way that makes devices come again later, not for good.
await assert.rejects(connect(), (error) => error instanceof ConnectRefused && error.code === 3);
assert.equal(JSON.parse(await home.ok('homeport', ['status', '--json'])).pid, home.status.pid, 'it goes on');

rmSync(filler);
await eventually(async () => ((await state()) === 'ok' ? true : undefined));
device = await connect();
// The two that were not answered, and more.
sent -= 2;
for (let i = 0; i < 20; i++) {
  assert.ok(await device.send(message()));
  acknowledged.add(sent);
}
device.disconnect();
assert.equal(await home.stop(), 0, home.log());
const stored = await readLog(home.data);
checkLog([{ deviceId: 'device', acknowledged }], stored);
console.log(`${acknowledged.size} acknowledged, ${stored.length} in the log`);
await home.restart();
assert.equal(await state(), 'ok');
await home.close();
