import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { NewEvent } from '../events/event-log.ts';
import { HubEvents } from './hub-events.ts';

/** A log whose disk is let go by hand. */
function heldLog() {
  const state = { isFull: false, appended: [] as string[], done: [] as ((() => void) | undefined)[] };
  const append = ({ source }: NewEvent, done?: () => void): number => {
    if (state.isFull) throw new Problem('storage-full', 'The disk has no room.');
    state.done.push(done);
    return state.appended.push(source);
  };
  return { state, events: new HubEvents(testPlatform(), { append }, 'plant') };
}

test('who follows identities hears of what happened to one, and not of what is told for routes alone', () => {
  const { state, events } = heldLog();
  const heard: string[] = [];
  events.onRecorded((identity) => heard.push(identity));
  events.record('digitalTwinChangeEvents', 'pump', 'updateTwin', []);
  events.record('deviceJobLifecycleEvents', 'pump', 'deviceJobRunning', {});
  assert.deepEqual(heard, []);
  events.record('twinChangeEvents', 'pump', 'updateTwin', {});
  assert.deepEqual(heard, ['pump']);
  assert.equal(state.appended.length, 3);
});

test('who records many hears when an event is on disk, and when it will not be', () => {
  const { state, events } = heldLog();
  const heard: string[] = [];
  const record = (identity: string) =>
    events.record('deviceJobLifecycleEvents', identity, 'deviceJobCanceled', {}, () => heard.push(identity));
  record('kept');
  assert.deepEqual(heard, []);
  state.done[0]?.();
  assert.deepEqual(heard, ['kept']);
  state.isFull = true;
  record('lost');
  assert.deepEqual(heard, ['kept', 'lost']);
});
