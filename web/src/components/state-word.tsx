import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled } from '@fluentui/react-icons/svg/checkmark-circle';
import { CircleRegular } from '@fluentui/react-icons/svg/circle';
import { ClockRegular } from '@fluentui/react-icons/svg/clock';
import { ErrorCircleFilled } from '@fluentui/react-icons/svg/error-circle';
import { PlugConnectedFilled } from '@fluentui/react-icons/svg/plug-connected';
import { PlugDisconnectedRegular } from '@fluentui/react-icons/svg/plug-disconnected';
import { ProhibitedRegular } from '@fluentui/react-icons/svg/prohibited';
import { WarningFilled } from '@fluentui/react-icons/svg/warning';
import type { ReactNode } from 'react';
import type { DeviceStatus } from '../api/contract.ts';

const useStyles = makeStyles({
  word: { display: 'inline-flex', alignItems: 'center', gap: '6px', whiteSpace: 'nowrap' },
  long: { whiteSpace: 'normal', overflowWrap: 'anywhere', alignItems: 'flex-start' },
  icon: { fontSize: '16px', flexShrink: 0 },
  // In the middle of the first line.
  longIcon: { marginTop: '2px' },
  good: { color: tokens.colorStatusSuccessForeground1 },
  warning: { color: tokens.colorStatusWarningForeground1 },
  bad: { color: tokens.colorStatusDangerForeground1 },
  quiet: { color: tokens.colorNeutralForeground3 },
});

export type Tone = 'good' | 'warning' | 'bad' | 'quiet';

const toneIcons: Record<Tone, typeof CircleRegular> = {
  good: CheckmarkCircleFilled,
  warning: WarningFilled,
  bad: ErrorCircleFilled,
  quiet: CircleRegular,
};

type StateWordProps = {
  tone: Tone;
  icon?: typeof CircleRegular;
  children: ReactNode /** A sentence, which may wrap. */;
  isLong?: boolean;
};

/** A state: always a word, with an icon, and a colour as the third hint. */
export function StateWord({ tone, icon, children, isLong = false }: StateWordProps) {
  const styles = useStyles();
  const Icon = icon ?? toneIcons[tone];
  return (
    <span className={mergeClasses(styles.word, isLong && styles.long)}>
      <Icon className={mergeClasses(styles.icon, isLong && styles.longIcon, styles[tone])} aria-hidden />
      <span>{children}</span>
    </span>
  );
}

export function DeviceStatusWord({ status }: { status: DeviceStatus }) {
  switch (status) {
    case 'Provisioned':
      return <StateWord tone="good">{status}</StateWord>;
    case 'Registered':
      return <StateWord tone="quiet">{status}</StateWord>;
    case 'Waiting for approval':
      return (
        <StateWord tone="warning" icon={ClockRegular}>
          {status}
        </StateWord>
      );
    case 'Blocked':
      return (
        <StateWord tone="bad" icon={ProhibitedRegular}>
          {status}
        </StateWord>
      );
  }
}

export function ConnectionWord({ isConnected }: { isConnected: boolean }) {
  return isConnected ? (
    <StateWord tone="good" icon={PlugConnectedFilled}>
      Connected
    </StateWord>
  ) : (
    <StateWord tone="quiet" icon={PlugDisconnectedRegular}>
      Disconnected
    </StateWord>
  );
}
