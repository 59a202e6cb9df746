import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { BeakerRegular } from '@fluentui/react-icons/svg/beaker';
import { ClockAlarmRegular } from '@fluentui/react-icons/svg/clock-alarm';
import type { Clock } from '../../api/contract.ts';
import { useClock } from '../../api/time.ts';
import { exactWords } from '../../components/time-words.ts';
import { aheadWords } from './ahead-words.ts';

const useStyles = makeStyles({
  bar: {
    display: 'flex',
    alignItems: 'flex-start',
    gap: '8px',
    padding: '6px 24px',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    color: tokens.colorNeutralForeground2,
    backgroundColor: tokens.colorNeutralBackground3,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 640px)': { padding: '6px 16px' },
  },
  moved: {
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorStatusWarningBackground1,
    borderBottom: `1px solid ${tokens.colorStatusWarningBorder1}`,
  },
  icon: { fontSize: '18px', flexShrink: 0, paddingTop: '1px' },
  warning: { color: tokens.colorStatusWarningForeground1 },
  strong: { fontWeight: tokens.fontWeightSemibold, fontVariantNumeric: 'tabular-nums' },
  more: { '@media (max-width: 640px)': { display: 'none' } },
});

/** On every page of a server that was made for development, once somebody signed in: what time it is there. */
export function ClockBar() {
  const styles = useStyles();
  const clock = useClock().data;
  if (!clock?.isDevelopment) return null;
  const isMoved = clock.warning !== undefined;
  const Icon = isMoved ? ClockAlarmRegular : BeakerRegular;
  return (
    <section className={mergeClasses(styles.bar, isMoved && styles.moved)} aria-label="Development server">
      <Icon className={mergeClasses(styles.icon, isMoved && styles.warning)} aria-hidden />
      <span>
        <span className={styles.strong}>Development. </span>
        {isMoved ? <Moved clock={clock} /> : 'The clock of this server shows real time and can be moved: homeport clock'}
      </span>
    </section>
  );
}

function Moved({ clock }: { clock: Clock }) {
  const styles = useStyles();
  return (
    <>
      The clock shows <time className={styles.strong}>{exactWords(Date.parse(clock.now))}</time>, {aheadWords(clock)}.{' '}
      <span className={styles.more}>Devices and services that keep real time may be refused.</span>
    </>
  );
}
