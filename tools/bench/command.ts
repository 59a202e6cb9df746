/** The processor time of a command of `tedge` that needs no network, from the one script that a small machine gets (0054). */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { bundleTedge } from '../bundle.ts';
import { median, type Row } from './row.ts';

const starts = 10;
const millisecondsMax = 250;

/**
 * Processor time, which other work on the machine changes least; where there is none it is about what a person waits.
 * By turns with a Node that does nothing, behind one start of each that puts the files into memory.
 */
export async function commandRow(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'hp-command-'));
  try {
    const script = join(folder, 'tedge');
    writeFileSync(script, await bundleTedge(), { mode: 0o755 });
    const environment = {
      PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
      TEDGE_CONFIG_DIR: join(folder, 'etc'),
    };
    const take = (program: string, words: readonly string[]) => {
      // A shell prints its own time, and in the line below that of what it started.
      const [, children = ''] = execFileSync('sh', ['-euc', '"$@" >&2; times', 'sh', program, ...words], {
        env: environment,
        encoding: 'utf8',
        stdio: 'pipe',
      }).split('\n');
      return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 1000 * (60 * Number(m) + Number(s)), 0);
    };
    take(script, ['cert', 'create', '--device-id', 'small']);
    const own: number[] = [];
    const other: number[] = [];
    for (let round = 0; round <= starts; round++) {
      const taken = [take(script, ['cert', 'show']), take(process.execPath, ['-e', '0'])] as const;
      if (round === 0) continue;
      own.push(taken[0]);
      other.push(taken[1]);
    }
    return {
      shape: 'command',
      what: 'processor time of `tedge cert show`',
      unit: 'ms',
      homeport: median(own),
      peer: '`node -e 0`',
      peerFigure: median(other),
      bar: `≤ ${millisecondsMax} ms`,
      isMet: median(own) <= millisecondsMax,
      rounds: { homeport: own, node: other },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
