import {
  Button,
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { ShieldCheckmarkRegular } from '@fluentui/react-icons/svg/shield-checkmark';
import { useState } from 'react';
import type { Rehearsal } from '../../api/contract.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { exactWords } from '../../components/time-words.ts';
import { paths } from '../../paths.ts';
import { shareOf, ticksOf } from './rehearsal-span.ts';

const useStyles = makeStyles({
  table: { minWidth: '880px', tableLayout: 'fixed', '@media (max-width: 640px)': { minWidth: '100%' } },
  device: { width: '22%', '@media (max-width: 640px)': { width: '46%' } },
  line: { width: '40%', '@media (max-width: 640px)': { display: 'none' } },
  why: { width: '38%', '@media (max-width: 640px)': { width: '54%' } },
  cell: { verticalAlign: 'top', paddingTop: '8px', paddingBottom: '8px' },
  axis: { position: 'relative', height: '20px', width: '100%', fontWeight: tokens.fontWeightRegular },
  tick: {
    position: 'absolute',
    top: 0,
    paddingLeft: '4px',
    borderLeft: `1px solid ${tokens.colorNeutralStroke1}`,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    whiteSpace: 'nowrap',
    fontVariantNumeric: 'tabular-nums',
  },
  below: { display: 'none', '@media (max-width: 640px)': { display: 'block' } },
  lane: { position: 'relative', height: '20px', width: '100%' },
  in: {
    position: 'absolute',
    left: 0,
    top: '7px',
    height: '6px',
    borderRadius: '3px 0 0 3px',
    backgroundColor: tokens.colorBrandBackground,
    forcedColorAdjust: 'none',
  },
  out: {
    position: 'absolute',
    right: 0,
    top: '9px',
    borderTop: `2px dashed ${tokens.colorStatusDangerBorder2}`,
    forcedColorAdjust: 'none',
  },
  end: {
    position: 'absolute',
    top: '3px',
    width: '3px',
    height: '14px',
    marginLeft: '-1px',
    backgroundColor: tokens.colorStatusDangerForeground1,
    forcedColorAdjust: 'none',
  },
  id: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  when: { fontVariantNumeric: 'tabular-nums', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  reason: { fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  more: { padding: '8px', textAlign: 'center' },
});

type Drop = Rehearsal['drops'][number];
type Span = { from: number; until: number };

/** Lines that are drawn at a time; there may be ten thousand. */
const linesMax = 100;

/** A line for each device that drops: from now to the instant at which it is let in no more, with the reason and what mends it. */
export function RehearsalLines({ rehearsal, drops }: { rehearsal: Rehearsal; drops: readonly Drop[] }) {
  const styles = useStyles();
  const [shown, setShown] = useState(linesMax);
  const span = { from: Date.parse(rehearsal.from), until: Date.parse(rehearsal.until) };
  if (drops.length === 0) {
    return (
      <TableFrame label="Devices that drop">
        <EmptyState
          icon={<ShieldCheckmarkRegular />}
          title="No device drops"
          command={`homeport rehearse --until ${rehearsal.until.slice(0, 10)}`}
        >
          Until {exactWords(span.until)}, every device that signed in goes on being let in with what it has.
        </EmptyState>
      </TableFrame>
    );
  }
  return (
    <TableFrame label="Devices that drop">
      <Table className={styles.table} aria-label="Devices that drop">
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.device}>Device</TableHeaderCell>
            <TableHeaderCell className={styles.line} aria-label="Time line">
              <Axis span={span} />
            </TableHeaderCell>
            <TableHeaderCell className={styles.why}>Why, and what mends it</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {drops.slice(0, shown).map((drop) => (
            <Line key={`${drop.hub}/${drop.deviceId}`} drop={drop} span={span} />
          ))}
        </TableBody>
      </Table>
      {drops.length > shown && (
        <div className={styles.more}>
          <Button onClick={() => setShown(shown + linesMax)}>
            Show {Math.min(linesMax, drops.length - shown)} more of {drops.length.toLocaleString()}
          </Button>
        </div>
      )}
    </TableFrame>
  );
}

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const month = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' });
/** In a span that is longer, the year matters more than the day. */
const daysSpanMs = 200 * 86_400_000;

function Axis({ span }: { span: Span }) {
  const styles = useStyles();
  return (
    <div className={styles.axis} aria-hidden>
      {ticksOf(span).map((at) => (
        <span key={at} className={styles.tick} style={{ left: `${shareOf(at, span)}%` }}>
          {(span.until - span.from > daysSpanMs ? month : day).format(at)}
        </span>
      ))}
    </div>
  );
}

function Line({ drop, span }: { drop: Drop; span: Span }) {
  const styles = useStyles();
  const at = Date.parse(drop.at);
  return (
    <TableRow>
      <TableCell className={mergeClasses(styles.device, styles.cell)}>
        <RouteLink to={paths.hubDevice(drop.deviceId, { hub: drop.hub })} className={styles.id}>
          {drop.deviceId}
        </RouteLink>
        {drop.hub !== 'main' && <div className={styles.quiet}>hub {drop.hub}</div>}
        <div className={styles.when}>until {exactWords(at)}</div>
        <div className={styles.below}>
          <Lane at={at} span={span} />
        </div>
      </TableCell>
      <TableCell className={mergeClasses(styles.line, styles.cell)}>
        <Lane at={at} span={span} />
      </TableCell>
      <TableCell className={mergeClasses(styles.why, styles.cell)}>
        <div className={styles.reason}>{drop.reason}</div>
        <div className={styles.quiet}>{drop.detail}</div>
        <div className={styles.quiet}>{drop.fix}</div>
      </TableCell>
    </TableRow>
  );
}

function Lane({ at, span }: { at: number; span: Span }) {
  const styles = useStyles();
  const share = shareOf(at, span);
  return (
    <div className={styles.lane} role="img" aria-label={`Let in until ${exactWords(at)}, then no more`}>
      <span className={styles.in} style={{ width: `${share}%` }} />
      <span className={styles.out} style={{ left: `${share}%` }} />
      <span className={styles.end} style={{ left: `${share}%` }} />
    </div>
  );
}
