import { ProhibitedRegular } from '@fluentui/react-icons/svg/prohibited';
import { StateWord } from '../../components/state-word.tsx';

/** Whether the hub lets the device in, and why not where somebody said so. */
export function EnabledWord({ isEnabled, why }: { isEnabled: boolean; why?: string | undefined }) {
  if (isEnabled) return <StateWord tone="good">Enabled</StateWord>;
  return (
    <StateWord tone="bad" icon={ProhibitedRegular}>
      {why ? `Disabled: ${why}` : 'Disabled'}
    </StateWord>
  );
}
