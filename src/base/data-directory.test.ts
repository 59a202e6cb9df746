import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveDataDirectory } from './data-directory.ts';

test('a flag wins over HOMEPORT_DATA, which wins over XDG_STATE_HOME, which wins over the home directory', () => {
  const home = { HOME: '/home/ada' };
  assert.equal(resolveDataDirectory(home).directory, '/home/ada/.local/state/homeport');
  const state = { ...home, XDG_STATE_HOME: '/state' };
  assert.equal(resolveDataDirectory(state).directory, '/state/homeport');
  const named = { ...state, HOMEPORT_DATA: '/srv/homeport' };
  assert.equal(resolveDataDirectory(named).directory, '/srv/homeport');
  assert.equal(resolveDataDirectory(named, '/flag').directory, '/flag');
});

test('an empty or relative setting does not move the data directory', () => {
  assert.equal(
    resolveDataDirectory({ HOME: '/home/ada', HOMEPORT_DATA: '', XDG_STATE_HOME: 'state' }).directory,
    '/home/ada/.local/state/homeport',
  );
});

test('the parts of a data directory have fixed places', () => {
  assert.deepEqual(resolveDataDirectory({}, '/d'), {
    directory: '/d',
    administrationSocket: '/d/admin.sock',
    devicesDirectory: '/d/devices',
    azsphereFile: '/d/azsphere.json',
  });
});
