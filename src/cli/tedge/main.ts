import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openTerminal } from '../kit/terminal.ts';
import { namedWords } from './named-words.ts';
import { runTedge } from './run-tedge.ts';

// The exit code is set rather than the process ended, so that piped output arrives.
const platform = { clock: systemClock, random: systemRandom, log: openLog('warn') };
process.exitCode = await runTedge(namedWords(process.argv), { terminal: openTerminal(), platform });
