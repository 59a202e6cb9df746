import { resolveDataDirectory } from '#base/data-directory.ts';
import { azsphereCommand } from './azsphere-command.ts';
import { forgetSession } from './session.ts';

/** Forgets the token and the selected tenant. */
export const logoutCommand = azsphereCommand({
  options: [],
  examples: ['azsphere logout'],
  async run({ terminal, voice }) {
    const { azsphereFile } = resolveDataDirectory(terminal.environment);
    voice.say(forgetSession(azsphereFile) ? 'Signed out.' : 'You were not signed in.');
  },
});
