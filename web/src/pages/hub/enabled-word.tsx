import { ProhibitedRegular } from '@fluentui/react-icons/svg/prohibited';
import { StateWord } from '../../components/state-word.tsx';

/** Whether the hub lets the device in. */
export function EnabledWord({ isEnabled }: { isEnabled: boolean }) {
  if (isEnabled) return <StateWord tone="good">Enabled</StateWord>;
  return (
    <StateWord tone="bad" icon={ProhibitedRegular}>
      Disabled
    </StateWord>
  );
}
