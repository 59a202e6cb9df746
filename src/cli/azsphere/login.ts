import { resolveDataDirectory } from '#base/data-directory.ts';
import { formatInstant } from '#base/instant.ts';
import { parseJson } from '#base/json.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import { azsphereCommand } from './azsphere-command.ts';
import { parseSession, saveSession } from './session.ts';
import { SphereClient } from './sphere-client.ts';
import { unsupportedFailure } from './unsupported.ts';

/**
 * Signs in the local administrator. Who can open the administration socket owns the data directory,
 * and that is the proof: there is no password to type and nothing that leaves the machine.
 */
export const loginCommand = azsphereCommand({
  options: [
    { name: 'new-user', value: 'EMAIL', summary: 'Not supported by this build' },
    { name: 'use-device-code', summary: 'Not supported by this build' },
  ],
  examples: ['azsphere login', 'HOMEPORT_DATA=/srv/homeport azsphere login'],
  notes: ['The token is good for 12 hours and stands in azsphere.json in the data directory, readable by you alone.'],
  async run({ options, terminal, platform, voice }) {
    for (const name of ['new-user', 'use-device-code']) if (options.isSet(name)) throw unsupportedFailure(`--${name}`);
    const { administrationSocket, azsphereFile } = resolveDataDirectory(terminal.environment);
    const answer = await requestHttp({ socketPath: administrationSocket }, { method: 'POST', path: '/sphere/tokens' });
    const issued = answer.status >= 200 && answer.status < 300 ? parseSession(parseJson(answer.body)) : undefined;
    if (!issued) {
      throw new CommandFailure('failed', `${administrationSocket} did not issue a token.`, {
        why: `It answered ${answer.status}.`,
      });
    }
    const tenants = await new SphereClient(issued, voice).listTenants();
    const [only] = tenants.length === 1 ? tenants : [];
    saveSession(azsphereFile, only ? { ...issued, tenantId: only.Id } : issued, platform.random);
    voice.say(`Signed in to ${issued.sphereUrl} as the local administrator.`);
    voice.detail('Expires', formatInstant(issued.expiresAt));
    if (only) {
      voice.detail('Tenant Name', only.Name);
      voice.detail('Tenant ID', only.Id);
    } else voice.say(`${tenants.length} tenants are available. Select one: azsphere tenant select --tenant ID`);
    voice.report({
      rows: tenants,
      columns: [],
      data: { sphereUrl: issued.sphereUrl, expiresAt: formatInstant(issued.expiresAt), tenantId: only?.Id ?? null },
    });
  },
});
