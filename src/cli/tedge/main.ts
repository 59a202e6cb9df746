import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openTerminal } from '../kit/terminal.ts';
import { isAptPlugin, namedWords } from './named-words.ts';
import { runTedge } from './run-tedge.ts';

const world = { terminal: openTerminal(), platform: { clock: systemClock, random: systemRandom, log: openLog('warn') } };
const running = isAptPlugin(process.argv)
  ? import('./apt-plugin.ts').then(({ aptPlugin }) => aptPlugin(process.argv.slice(2), world))
  : runTedge(namedWords(process.argv), world);
// Not awaited: the one script that this is bundled into is none that could. The exit code is set rather than the
// process ended, so that piped output arrives.
running.then((code) => {
  process.exitCode = code;
});
