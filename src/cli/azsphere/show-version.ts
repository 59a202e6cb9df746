import { productVersion } from '#base/version.ts';
import { azsphereCommand } from './azsphere-command.ts';

export const showVersionCommand = azsphereCommand({
  options: [],
  examples: ['azsphere show-version'],
  async run({ voice }) {
    voice.say(`Homeport azsphere ${productVersion}`);
    voice.report({
      rows: [productVersion],
      columns: [{ heading: 'Version', read: (row) => row }],
      data: { version: productVersion },
    });
  },
});
