import { makeStyles } from '@fluentui/react-components';
import { FlashRegular } from '@fluentui/react-icons/svg/flash';
import type { DeviceDetail } from '../../api/contract.ts';
import { useDeviceTemplate } from '../../api/device-templates.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { CommandCard } from './command-card.tsx';

const useStyles = makeStyles({ list: { display: 'flex', flexDirection: 'column', gap: '16px', maxWidth: '880px' } });

/** A form for each command that the template knows. */
export function DeviceCommands({ detail }: { detail: DeviceDetail }) {
  const styles = useStyles();
  const template = useDeviceTemplate(detail.device.template?.id).data;
  const commands = detail.model?.commands ?? [];
  if (commands.length === 0) {
    return (
      <EmptyState icon={<FlashRegular />} title="No command">
        {detail.model
          ? 'The template of this device has no command.'
          : 'Commands come from a template, and this device has none.'}
      </EmptyState>
    );
  }
  return (
    <div className={styles.list}>
      {commands.map((command) => (
        <CommandCard key={command.name} deviceId={detail.device.id} command={command} template={template} />
      ))}
    </div>
  );
}
