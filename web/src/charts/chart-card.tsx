import { Button, makeStyles, mergeClasses, Subtitle2, ToggleButton, tokens } from '@fluentui/react-components';
import { CopyRegular } from '@fluentui/react-icons/svg/copy';
import { TableRegular } from '@fluentui/react-icons/svg/table';
import { useState } from 'react';
import { RelativeTime } from '../components/relative-time.tsx';
import { exactWords } from '../components/time-words.ts';
import { seriesColor } from '../theme/series-palette.ts';
import { useThemeName } from '../theme/theme-choice.ts';
import { type Point, type Summary, summarize, valueWords } from './series-points.ts';
import { type DrawnSeries, TimeSeries } from './time-series.tsx';

const useStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    minWidth: 0,
    padding: '16px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    '@media (max-width: 640px)': { padding: '12px' },
  },
  words: { display: 'flex', flexDirection: 'column', gap: '2px' },
  head: { display: 'flex', alignItems: 'flex-start', gap: '12px' },
  title: { margin: 0 },
  values: { display: 'flex', flexWrap: 'wrap', columnGap: '24px', rowGap: '4px' },
  value: { display: 'flex', flexDirection: 'column' },
  legend: {
    justifyContent: 'flex-start',
    minWidth: 0,
    padding: 0,
    height: 'auto',
    fontSize: 'inherit',
    color: tokens.colorNeutralForeground1,
  },
  swatch: { display: 'inline-block', width: '12px', height: '3px', borderRadius: '2px', marginRight: '8px' },
  number: {
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: 'tabular-nums',
  },
  quiet: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, margin: 0 },
  off: { opacity: 0.5 },
  push: { marginLeft: 'auto', flexShrink: 0 },
  tableFrame: { maxHeight: '240px', overflow: 'auto', fontVariantNumeric: 'tabular-nums' },
  table: { width: '100%', borderCollapse: 'collapse', '& td, & th': { textAlign: 'left', padding: '4px 8px' } },
});

export type CardSeries = { name: string; displayName: string; colorIndex: number; points: readonly Point[] };

type Props = {
  unit: string;
  /** Values are 0 and 1 and mean false and true. */
  isBoolean: boolean;
  series: readonly CardSeries[];
  from: number;
  to: number;
  isLive: boolean;
  onZoom: (from: number, to: number) => void;
  onReset: () => void;
  onStep: (factor: number, shift: number) => void;
};

/** All series of one unit: last values, the lines, the same in words, and the same as a table. */
export function ChartCard({ unit, isBoolean, series, from, to, isLive, onZoom, onReset, onStep }: Props) {
  const styles = useStyles();
  const theme = useThemeName();
  const [isTable, setTable] = useState(false);
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const shown = series.filter((line) => !hidden.includes(line.name));
  const title = series.map((line) => line.displayName).join(', ');
  const words = (value: number) => valueWords(value, unit, isBoolean);
  const sentences = series.map((line) => sentence(line.displayName, words, isBoolean, summarize(line.points, from, to)));
  return (
    <section className={styles.card} aria-label={title}>
      <div className={styles.head}>
        <div className={styles.values}>
          {series.map((line) => (
            <div key={line.name} className={mergeClasses(styles.value, hidden.includes(line.name) && styles.off)}>
              <Subtitle2 as="h2" className={styles.title}>
                <span className={styles.swatch} style={{ backgroundColor: seriesColor(theme, line.colorIndex) }} aria-hidden />
                {series.length === 1 ? (
                  line.displayName
                ) : (
                  <ToggleButton
                    appearance="transparent"
                    className={styles.legend}
                    checked={!hidden.includes(line.name)}
                    onClick={() =>
                      setHidden(hidden.includes(line.name) ? hidden.filter((name) => name !== line.name) : [...hidden, line.name])
                    }
                  >
                    {line.displayName}
                  </ToggleButton>
                )}
              </Subtitle2>
              <LastValue points={line.points} words={words} />
            </div>
          ))}
        </div>
        <ToggleButton
          className={styles.push}
          appearance="subtle"
          size="small"
          icon={<TableRegular />}
          checked={isTable}
          aria-label={`Show ${title} as a table`}
          title="Show as a table"
          onClick={() => setTable(!isTable)}
        />
      </div>
      {isTable ? (
        <PointTable title={title} unit={unit} series={shown} from={from} to={to} />
      ) : (
        <TimeSeries
          label={`Chart. ${sentences.join(' ')}`}
          words={words}
          isBoolean={isBoolean}
          series={shown.map(
            (line): DrawnSeries => ({ name: line.displayName, colorIndex: line.colorIndex, points: line.points }),
          )}
          from={from}
          to={to}
          onZoom={onZoom}
          onReset={onReset}
          onStep={onStep}
        />
      )}
      <div className={styles.words}>
        {sentences.map((text) => (
          <p key={text} className={styles.quiet}>
            {text}
          </p>
        ))}
      </div>
      {!isLive && <p className={styles.quiet}>New values are not shown while you look at a fixed stretch of time.</p>}
    </section>
  );
}

function LastValue({ points, words }: { points: readonly Point[]; words: (value: number) => string }) {
  const styles = useStyles();
  const last = points.findLast(([, value]) => value !== null);
  const value = last?.[1];
  if (!last || value === null || value === undefined) return <span className={styles.quiet}>No value yet</span>;
  return (
    <>
      <span className={styles.number}>{words(value)}</span>
      <span className={styles.quiet}>
        <RelativeTime at={new Date(last[0]).toISOString()} />
      </span>
    </>
  );
}

function sentence(name: string, words: (value: number) => string, isBoolean: boolean, summary: Summary | undefined): string {
  if (!summary) return `${name}: no values in this stretch of time.`;
  const count = `${summary.count} ${summary.count === 1 ? 'value' : 'values'}`;
  if (isBoolean) return `${name}: ${count}, true in ${Math.round(summary.mean * 100)} % of them.`;
  return `${name}: ${count} from ${words(summary.lowest)} to ${words(summary.highest)}, mean ${words(summary.mean)}.`;
}

function PointTable({
  title,
  unit,
  series,
  from,
  to,
}: {
  title: string;
  unit: string;
  series: readonly CardSeries[];
  from: number;
  to: number;
}) {
  const styles = useStyles();
  const rows = series
    .flatMap((line) => line.points.map(([at, value]) => ({ name: line.displayName, at, value })))
    .filter((row) => row.value !== null && row.at >= from && row.at <= to)
    .sort((a, b) => b.at - a.at);
  const copy = () => {
    const lines = rows.map((row) => `${new Date(row.at).toISOString()}\t${row.name}\t${row.value}`);
    void navigator.clipboard.writeText([`time\tname\tvalue${unit === '' ? '' : ` (${unit})`}`, ...lines].join('\n'));
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className={styles.tableFrame} tabIndex={0} aria-label={`${title} as a table`}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Name</th>
              <th scope="col">Value{unit === '' ? '' : `, ${unit}`}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 500).map((row) => (
              <tr key={`${row.name} ${row.at}`}>
                <td>{exactWords(row.at)}</td>
                <td>{row.name}</td>
                <td>{row.value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div>
        <Button size="small" icon={<CopyRegular />} onClick={copy}>
          Copy table
        </Button>
      </div>
    </>
  );
}
