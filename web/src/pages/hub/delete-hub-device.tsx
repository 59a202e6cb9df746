import { makeStyles } from '@fluentui/react-components';
import { useDeleteHubDevice } from '../../api/hub-devices.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';

const useStyles = makeStyles({ content: { display: 'flex', flexDirection: 'column', gap: '12px' } });

type Props = { hub: string; id: string; onClose: () => void; onDeleted?: () => void };

/** Asks once, and stays with the reason when the device could not be deleted. Rendered only while it is open. */
export function DeleteHubDevice({ hub, id, onClose, onDeleted }: Props) {
  const styles = useStyles();
  const remove = useDeleteHubDevice(hub, id);
  const confirm = () =>
    remove.mutate(undefined, {
      onSuccess: () => {
        onClose();
        onDeleted?.();
      },
    });
  return (
    <ConfirmDialog title={`Delete ${id}?`} verb="Delete device" onClose={onClose} onConfirm={confirm}>
      <div className={styles.content}>
        {remove.isError && <ErrorMessage title="The device was not deleted" error={remove.error} />}
        <span>
          Its identity and its twin in the hub are removed and its connection ends. Messages that it sent stay. A device that
          registers through a connection group comes back at its next registration.
        </span>
      </div>
    </ConfirmDialog>
  );
}
